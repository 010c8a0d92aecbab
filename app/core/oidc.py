"""OpenID Connect as a client: discovery, the way to the provider and back, the ID token's proof (IDN-11).

Authorization code with PKCE. What a provider says counts only where its signature, issuer, audience,
time and nonce are right; its clock is its own, so times are compared with the wall clock.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, import_key

from app.core.settings import OidcProvider

_PATIENCE_SECONDS: Final = 10.0
_REMEMBERED_SECONDS: Final = 3_600.0
_LEEWAY_SECONDS: Final = 60
# Never a symmetric one: whoever knows our client secret is not the provider.
_ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
_REGISTRY: Final = jws.JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
# Apple posts its answer to whoever asks for an address.
_POSTING: Final = "https://appleid.apple.com"


class ProviderAway(Exception):
    """The provider can't be reached, or makes no sense."""


class NotProved(Exception):
    """What came back doesn't prove who somebody is; the text says why, for the log."""


@dataclass(frozen=True, slots=True)
class Journey:
    """What a browser takes along on its way to the provider, and must bring back."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def challenge(self) -> str:
        """PKCE: what the provider compares the verifier with (S256)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class ExternalPerson:
    """Somebody as a provider knows them: `subject` lasts, an address may change."""

    issuer: str
    subject: str
    email: str | None
    email_verified: bool


class Provider:
    """One configured provider. Its documents are remembered for an hour."""

    def __init__(self, settings: OidcProvider) -> None:
        self._settings = settings
        self._documents: dict[str, tuple[float, Mapping[str, Any]]] = {}

    @property
    def issuer(self) -> str:
        """Who it says it is."""
        return self._settings.issuer

    async def way_there(self, journey: Journey, redirect_uri: str) -> str:
        """The address at the provider to send a browser to. Raises ProviderAway."""
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email profile",
            "state": journey.state,
            "nonce": journey.nonce,
            "code_challenge": journey.challenge(),
            "code_challenge_method": "S256",
        }
        if self.issuer == _POSTING:
            query["response_mode"] = "form_post"
        endpoint = await self._endpoint("authorization_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def way_back(self, journey: Journey, code: str, redirect_uri: str, now: datetime) -> ExternalPerson:
        """Who came back with this code. Raises NotProved, ProviderAway."""
        try:
            answer = await self._exchange(journey, code, redirect_uri)
            claims = await self._proved(str(answer.get("id_token") or ""), journey.nonce, now)
        except NotProved:
            # Perhaps because the provider has changed: the next one asks it anew.
            self._documents.clear()
            raise
        if "email" not in claims and "access_token" in answer:
            claims = {**await self._user_info(str(answer["access_token"]), claims["sub"]), **claims}
        email, verified = claims.get("email"), claims.get("email_verified")
        return ExternalPerson(
            issuer=self.issuer,
            subject=claims["sub"],
            email=email if isinstance(email, str) else None,
            # Some providers write it as text.
            email_verified=verified is True or verified == "true",
        )

    async def _exchange(self, journey: Journey, code: str, redirect_uri: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": journey.verifier,
        }
        own = (self._settings.client_id, self._settings.client_secret.get_secret_value())
        offered = (await self._discovered()).get("token_endpoint_auth_methods_supported")
        basic: httpx.BasicAuth | None = None
        if offered is None or "client_secret_basic" in offered:
            basic = httpx.BasicAuth(*own)
        else:
            form |= {"client_id": own[0], "client_secret": own[1]}
        endpoint = await self._endpoint("token_endpoint")
        return await _asked("POST", endpoint, data=form, auth=basic)

    async def _proved(self, id_token: str, nonce: str, now: datetime) -> dict[str, Any]:
        try:
            token = await self._verified(id_token)
            claims = jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=_LEEWAY_SECONDS,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": self._settings.client_id},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            claims.validate(token.claims)
        except (JoseError, ValueError) as error:
            raise NotProved(type(error).__name__ + f": {error}") from error
        audiences = token.claims["aud"]
        several = isinstance(audiences, list) and len(audiences) > 1
        if token.claims.get("azp", None if several else self._settings.client_id) != self._settings.client_id:
            msg = "the token was made for another client"
            raise NotProved(msg)
        return token.claims

    async def _verified(self, id_token: str) -> jwt.Token:
        keys = _key_set(await self._document(await self._endpoint("jwks_uri")))
        try:
            return jwt.decode(id_token, keys, registry=_REGISTRY)
        except InvalidKeyIdError:
            # The provider may have changed its keys since we asked.
            self._documents.clear()
            keys = _key_set(await self._document(await self._endpoint("jwks_uri")))
            return jwt.decode(id_token, keys, registry=_REGISTRY)

    async def _user_info(self, access_token: str, subject: str) -> Mapping[str, Any]:
        endpoint = (await self._discovered()).get("userinfo_endpoint")
        if endpoint is None:
            return {}
        headers = {"authorization": f"Bearer {access_token}"}
        found = await _asked("GET", str(endpoint), headers=headers)
        if found.get("sub") != subject:
            msg = "the provider speaks of somebody else"
            raise NotProved(msg)
        return found

    async def _endpoint(self, name: str) -> str:
        found = (await self._discovered()).get(name)
        if not isinstance(found, str):
            msg = f"{self.issuer} names no {name}"
            raise ProviderAway(msg)
        return found

    async def _discovered(self) -> Mapping[str, Any]:
        found = await self._document(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            msg = f"{self.issuer} calls itself {found.get('issuer')}"
            raise ProviderAway(msg)
        return found

    async def _document(self, url: str) -> Mapping[str, Any]:
        asked, found = self._documents.get(url, (0.0, None))
        if found is None or time.monotonic() - asked > _REMEMBERED_SECONDS:
            found = await _asked("GET", url)
            self._documents[url] = (time.monotonic(), found)
        return found


async def _asked(method: str, url: str, **options: Any) -> Mapping[str, Any]:
    try:
        async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS) as http:
            answer = await http.request(method, url, **options)
        found = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        msg = f"{url}: {type(error).__name__}"
        raise ProviderAway(msg) from error
    if answer.is_client_error and method == "POST":
        # It did answer: it doesn't take the code.
        msg = f"the provider refused the code: {answer.status_code}"
        raise NotProved(msg)
    if not answer.is_success or not isinstance(found, dict):
        msg = f"{url}: answered {answer.status_code}"
        raise ProviderAway(msg)
    return found


def _key_set(document: Mapping[str, Any]) -> KeySet:
    keys = []
    for entry in document.get("keys", ()):
        try:
            keys.append(import_key(entry))
        except (JoseError, ValueError):
            # A kind that we don't know can't have signed what we accept.
            continue
    return KeySet(keys)
