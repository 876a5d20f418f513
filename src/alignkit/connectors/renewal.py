"""What connectors that renew their tokens share: the settings of an app, and where tokens rest between runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, SecretStr

from alignkit.connectors.base import ConnectorSettings
from alignkit.errors import SettingsError
from alignkit.transport import RefreshToken, TokenFile, TokenStore
from alignkit.transport.oauth import ClientPlace


class RenewalSettings(ConnectorSettings):
    """Settings of a connector whose token is replaced while it runs.

    Attributes:
        token_file: where the token rests between runs; None for memory alone.
    """

    token_file: Path | None = None

    def token_store(self, tokens: TokenStore | None) -> TokenStore | None:
        """Where the token rests: in `tokens`, else in the file of the settings, else in memory alone."""
        if tokens is not None or self.token_file is None:
            return tokens
        return TokenFile(self.token_file)


class AppSettings(RenewalSettings):
    """Settings of a connector that logs in with the refresh token of an app, among other ways.

    Attributes:
        is_single_use: whether a renewal ends the refresh token and brings the next one, which then must be kept.
        refresh_token: the first of its line, as the app got it.
        client_id: of the app.
        client_secret: of the app, where it has one.
    """

    is_single_use: ClassVar[bool] = False

    refresh_token: Annotated[SecretStr, Field(min_length=1)] | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None

    def renewed(
        self,
        token_url: str,
        tokens: TokenStore | None,
        *,
        client_in: ClientPlace = "header",
        root_field: str | None = None,
        root_suffixes: Sequence[str] = (),
    ) -> RefreshToken:
        """A token that is renewed at `token_url`; see `RefreshToken`.

        Raises:
            SettingsError: the refresh token is of a single use, and nothing would keep its successor.
        """
        store = self.token_store(tokens)
        if store is None and self.is_single_use:
            raise SettingsError("give `token_file`: a refresh token is of a single use, and its successor must be kept")
        return RefreshToken(
            token_url,
            self.refresh_token or "",
            client_id=self.client_id or "",
            client_secret=self.client_secret or "",
            client_in=client_in,
            tokens=store,
            root_field=root_field,
            root_suffixes=root_suffixes,
        )
