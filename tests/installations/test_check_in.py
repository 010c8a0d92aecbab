"""DEV-3, DEV-4: when a computer learns of the portal's changes, and what it may show with no network."""

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.core import ids
from app.core.signing import armour
from tests.support.portal import Portal

ROOT = Path(__file__).parents[2]
NODE = """query ($id: ID!) { node(id: $id) { ... on Computer { status pendingChange hostname hostOs appVersion
    lastContactAt licenseKey { used } hardware { macAddresses } } } }"""


async def moment(portal: Portal) -> datetime:
    return datetime.fromisoformat((await portal.http.get("/dev/clock")).json()["now"])


@pytest.mark.rule("DEV-3")
async def test_a_check_in_records_and_answers(portal: Portal) -> None:
    ada = await portal.administrator(termMonths=1)
    activated = await portal.activate(ada.code)
    token, id_ = activated["installationToken"], activated["installation"]["id"]
    await portal.advance("PT2H")
    told = await portal.done(
        "checkIn",
        installationToken=token,
        appVersion="9",
        hostOs="Linux",
        hostname="new",
        macAddresses=["001122334455"],
    )
    now = await moment(portal)
    assert told["state"] == "ACTIVE"
    for field in ("validUntil", "nextCheckInBy"):
        assert abs(datetime.fromisoformat(told[field]) - now - timedelta(days=7)) < timedelta(minutes=1)
    found = (await portal.query(NODE, ada.token, id=id_))["node"]
    assert (found["hostname"], found["hostOs"], found["appVersion"]) == ("new", "Linux", "9")
    assert found["hardware"]["macAddresses"] == ["00:11:22:33:44:55"]
    assert now - datetime.fromisoformat(found["lastContactAt"]) < timedelta(minutes=1)
    # What isn't said stays as it was.
    again = await portal.done("checkIn", installationToken=token)
    assert again["license"] != told["license"]
    assert (await portal.query(NODE, ada.token, id=id_))["node"]["hostname"] == "new"

    for wrong in ("", "nonsense", token + "x", token.replace("lyc_ins_", "lyc_ses_"), ada.token):
        refused = await portal.refused("checkIn", installationToken=wrong)
        assert refused == [("INVALID_CREDENTIALS", "installationToken")]
    assert await portal.refused("checkIn", installationToken=token, hostname=" ") == [("INVALID", "hostname")]

    # Valid until the key's end when that is nearer than seven days; then over.
    end = datetime.fromisoformat(ids_end(told["license"]) + "T00:00:00+00:00") + timedelta(days=1)
    await portal.http.post("/dev/clock", json={"set": (end - timedelta(days=3)).isoformat()})
    told = await portal.done("checkIn", installationToken=token)
    assert datetime.fromisoformat(told["validUntil"]) == end
    await portal.http.post("/dev/clock", json={"set": (end + timedelta(seconds=1)).isoformat()})
    told = await portal.done("checkIn", installationToken=token)
    assert (told["state"], told["license"], told["validUntil"]) == ("EXPIRED", None, None)


@pytest.mark.rule("DEV-4", "ACC-14")
async def test_deactivation_from_both_sides(portal: Portal) -> None:
    ada, bob = await portal.administrator(), await portal.administrator()
    machine = portal.machine()
    activated = await portal.done("activateComputer", keyCode=ada.code, **machine)
    token, id_ = activated["installationToken"], activated["installation"]["id"]
    strangers = [f"Computer_{'0' * 32}", "x", ada.key]
    for who, wanted in ((bob.token, [id_]), (ada.token, [id_, *strangers])):
        refused = await portal.refused("deactivateInstallations", who, installationIds=wanted)
        assert {code for code, _ in refused} == {"NOT_FOUND"}
        assert {path for _, path in refused} <= {f"installationIds.{place}" for place in range(4)}
    assert (await portal.query(NODE, ada.token, id=id_))["node"]["status"] == "ACTIVE"

    await portal.done("deactivateInstallations", ada.token, installationIds=[id_, id_])
    found = (await portal.query(NODE, ada.token, id=id_))["node"]
    assert (found["status"], found["pendingChange"], found["licenseKey"]) == (
        "DEACTIVATED",
        "DEACTIVATION",
        {"used": 0},
    )
    for _ in range(2):
        assert (await portal.done("checkIn", installationToken=token))["state"] == "DEACTIVATED"
        assert (await portal.query(NODE, ada.token, id=id_))["node"]["pendingChange"] is None
    # It may come back, and go by itself; going twice is going once.
    back = await portal.done("activateComputer", keyCode=ada.code, **machine)
    assert (back["installation"]["id"], back["installation"]["status"]) == (id_, "ACTIVE")
    for _ in range(2):
        gone = await portal.done("deactivateSelf", installationToken=back["installationToken"])
        assert gone["state"] == "DEACTIVATED"
    found = (await portal.query(NODE, ada.token, id=id_))["node"]
    assert (found["pendingChange"], found["licenseKey"]["used"]) == (None, 0)


def parts(license_text: str) -> tuple[bytes, dict[str, Any]]:
    """The compact JWS inside a licence file, and its payload, unverified."""
    lines = license_text.strip().splitlines()
    assert all(len(line) <= 64 for line in lines)
    token = base64.b64decode("".join(lines[1:-1]))
    body = token.split(b".")[1]
    return token, json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))


def ids_end(license_text: str) -> str:
    end: str = parts(license_text)[1]["subscriptionEndsOn"]
    return end


@pytest.mark.rule("DEV-3", "PXY-5")
async def test_a_licence_is_verified_with_no_network(portal: Portal, tmp_path: Path) -> None:
    ada = await portal.administrator(notForResale=True)
    machine = portal.machine()
    activated = await portal.done("activateComputer", keyCode=ada.code, **machine)
    answer = await portal.http.get("/.well-known/lychgate/jwks.json")
    assert all("d" not in key for key in answer.json()["keys"])
    keys = KeySet.import_key_set(answer.json())
    token, payload = parts(activated["license"])
    verified = jws.deserialize_compact(token, keys, algorithms=["EdDSA"])
    assert verified.protected["typ"] == "lychgate-license+jws"
    assert verified.protected["kid"] in {key.kid for key in keys.keys}
    assert ids.split(payload["account"]) == ids.split(str(ada.account))
    assert payload["sub"] == activated["installation"]["id"]
    assert (payload["product"], payload["kind"], payload["licenses"]) == ("DESKTOP", "SUBSCRIPTION", 10)
    assert (payload["notForResale"], payload["offline"]) == (True, False)
    assert (payload["iss"], payload["fingerprint"]) == (portal.url, machine["fingerprint"])

    head, _, signature = token.split(b".")
    forged = base64.urlsafe_b64encode(json.dumps(payload | {"licenses": 1_000}).encode()).rstrip(b"=")
    changed = b".".join((head, forged, signature))
    with pytest.raises(JoseError):
        jws.deserialize_compact(changed, keys, algorithms=["EdDSA"])

    jwks, good, bad = tmp_path / "jwks.json", tmp_path / "good.lic", tmp_path / "bad.lic"
    jwks.write_bytes(answer.content)
    good.write_text(activated["license"])
    bad.write_text(armour(changed.decode()))
    until = datetime.fromtimestamp(payload["exp"], UTC)
    assert verify(good, jwks) == (0, f"valid until {until:%Y-%m-%d %H:%M} UTC")
    assert verify(bad, jwks) == (1, "invalid")


def verify(file: Path, jwks: Path) -> tuple[int, str]:
    """Exit code of `lychgate verify-license`, and what it says before the colon that gives the reason."""
    command = [sys.executable, "-m", "app", "verify-license", str(file), "--jwks", str(jwks)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.rpartition(": ")[0]
