"""A pytest plugin: every `*.cases.toml` and `*.cases.json` file is a file of tests, and each case in it a test.

It is installed with the extra `testing` and needs no word in a `conftest.py`. The setting `alignkit_policy` of pytest
names the policy for files that name none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pytest

if TYPE_CHECKING:
    from alignkit.rules.policy import Policy
    from alignkit.whatif.cases import PolicyCase

# Nothing of alignkit is imported before a file of cases is found: the plugin is loaded with every run of pytest.

SETTING = "alignkit_policy"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Lets the settings of pytest name a policy."""
    parser.addini(SETTING, "The policy, a TOML or JSON file, for .cases files that name none.", type="string")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Takes files of cases."""
    if file_path.name.endswith((".cases.toml", ".cases.json")):
        return _made(PolicyCasesFile, parent, path=file_path)
    return None


N = TypeVar("N", bound=pytest.File | pytest.Item)


def _made(kind: type[N], parent: pytest.Collector, **fields: object) -> N:
    # pytest leaves the parameters of its constructors open.
    made: N = cast("Any", kind).from_parent(parent, **fields)
    return made


class PolicyCasesFile(pytest.File):
    """A file of cases."""

    def collect(self) -> Iterable[pytest.Item]:
        """A test for each case."""
        from alignkit.errors import AlignkitError

        try:
            yield from self._items()
        except AlignkitError as error:
            # Its own text says what to do; a traceback would not.
            raise self.CollectError(str(error)) from None

    def _items(self) -> Iterator[pytest.Item]:
        from alignkit.errors import DataInvalid
        from alignkit.whatif.cases import load_cases

        cases = load_cases(self.path)
        policy = cases.policy or self._policy()
        if policy is None:
            raise DataInvalid(f"`{self.path.name}` names no policy; add `policy`, or set `{SETTING}` for pytest")
        for case in cases.cases:
            item = _made(PolicyCaseItem, self, name=case.name)
            item.case, item.policy = case, policy
            yield item

    def _policy(self) -> Policy | None:
        from alignkit.rules.policy import Policy

        named: str = self.config.getini(SETTING)
        return Policy.load(self.config.rootpath / named) if named else None


class DecidedOtherwise(AssertionError):
    """A case was not decided as expected; the text says in what."""


class PolicyCaseItem(pytest.Item):
    """One case."""

    case: PolicyCase
    policy: Policy

    def runtest(self) -> None:
        """Decides it and compares."""
        result = self.case.run(self.policy)
        if not result.has_passed:
            raise DecidedOtherwise("\n".join((*map(str, result.differences), result.decision.explain())))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What differs, and why the policy decided so."""
        if isinstance(excinfo.value, DecidedOtherwise):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the case stands."""
        return self.path, None, f"{self.path.name}: {self.name}"
