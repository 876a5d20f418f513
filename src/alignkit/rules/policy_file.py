"""A policy that is kept in a file and read again while it is in force."""

from __future__ import annotations

from pathlib import Path

from alignkit.rules.policy import Policy


class PolicyFile:
    """Holds the policy of a file. One that is refused changes nothing: the policy in force stays.

    A `Gate` that was given it decides by the policy that it holds at that moment.

    Attributes:
        policy: the policy in force.

    Raises:
        PolicyInvalid: the file holds no policy to begin with.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self.policy: Policy = Policy.load(self._path)

    def reload(self) -> bool:
        """Reads the file again and puts what it holds in force; says whether that is another policy.

        Raises:
            PolicyInvalid: what the file holds is refused; the policy in force stays.
        """
        policy = Policy.load(self._path)
        if policy == self.policy:
            return False
        policy.compile()  # here, and not in the next decision
        self.policy = policy
        return True
