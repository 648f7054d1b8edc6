"""Fake secrets of many kinds, made when they are needed and valid nowhere.

No secret stands in this file: each is put together from a prefix that is split in two and from
seeded random characters, so that scanners of hosting sites have nothing to find.
"""

from __future__ import annotations

import base64
import json
import random
import string
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LOWER = string.ascii_lowercase + string.digits
ALNUM = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"
BASE32 = string.ascii_uppercase + "234567"
WORD = ALNUM + "_-"
BASE64 = ALNUM + "+/"
BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
BASE62_SORTED = string.digits + string.ascii_uppercase + string.ascii_lowercase


@dataclass(frozen=True, slots=True)
class FakeSecret:
    """A secret and the text of a note that holds it.

    Args:
        kind: what it is, in our words.
        secret: the part that must never be seen again.
        text: a few lines of a note with the secret in it.
    """

    kind: str
    secret: str
    text: str


class Maker:
    """Random characters from a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def chars(self, alphabet: str, count: int) -> str:
        return "".join(self.rng.choices(alphabet, k=count))

    def mixed(self, count: int) -> str:
        """Letters of both cases and digits, with at least one of each."""
        while True:
            made = self.chars(ALNUM, count)
            if all(any(c in made for c in kind) for kind in (LOWER[:26], UPPER[:26], HEX[:10])):
                return made

    def b64(self, count: int) -> str:
        return base64.b64encode(self.rng.randbytes(count)).decode()

    def b64url(self, count: int) -> str:
        return base64.urlsafe_b64encode(self.rng.randbytes(count)).decode().rstrip("=")


def joined(*parts: str) -> str:
    """The parts as one; the formatter would join two literals, and scanners find them."""
    return "".join(parts)


def _github(m: Maker, prefix: str) -> str:
    body = m.mixed(30)
    checksum = zlib.crc32(body.encode())
    tail = ""
    for _ in range(6):
        checksum, digit = divmod(checksum, 62)
        tail = BASE62_SORTED[digit] + tail
    return prefix + body + tail


def _pem(m: Maker, label: str) -> str:
    body = m.b64(640 if "RSA" in label or label == "" else 200)
    lines = [body[i : i + 64] for i in range(0, len(body), 64)]
    kind = f"{label} " if label else ""
    rule = "-" * 5
    return "\n".join(
        [f"{rule}BEGIN {kind}PRIVATE" + f" KEY{rule}", *lines, f"{rule}END {kind}PRIVATE KEY{rule}"]
    )


def _pgp(m: Maker) -> str:
    body = m.b64(480)
    lines = [body[i : i + 64] for i in range(0, len(body), 64)]
    rule = "-" * 5
    return "\n".join(
        [
            f"{rule}BEGIN PGP PRIVATE" + f" KEY BLOCK{rule}",
            "",
            *lines,
            "=" + m.chars(BASE64, 4),
            f"{rule}END PGP PRIVATE KEY BLOCK{rule}",
        ]
    )


def _jwt(m: Maker) -> str:
    def part(value: object) -> str:
        raw = json.dumps(value, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    head = {"alg": "HS256", "typ": "JWT"}
    body = {"sub": m.chars(string.digits, 10), "name": "Ada", "iat": 1_760_000_000}
    return f"{part(head)}.{part(body)}.{m.b64url(32)}"


def _gcp(m: Maker) -> tuple[str, str]:
    key = _pem(m, "").replace("\n", "\\n")
    account = {
        "type": "service" + "_account",
        "project_id": "blue-green",
        "private_key_id": m.chars(HEX, 40),
        "client_email": "deploy@blue-green.iam.gserviceaccount.com",
    }
    text = json.dumps(account, indent=2)[:-2] + f',\n  "private_key": "{key}\\n"\n}}'
    return key, text


_Made = str | tuple[str, str]

# Each value is a secret, or a secret and the text it stands in. `{}` in the middle of a recipe's
# text is where the secret goes; without a text of its own it stands in three usual places.
RECIPES: dict[str, Callable[[Maker], _Made]] = {
    "aws access key id": lambda m: "AK" + "IA" + m.chars(BASE32, 16),
    "aws secret access key": lambda m: (
        (s := m.mixed(18) + "/" + m.mixed(21)),
        f"```\naws_secret_access_key = {s}\n```",
    ),
    "github personal token": lambda m: _github(m, "gh" + "p_"),
    "github oauth token": lambda m: _github(m, "gh" + "o_"),
    "github app token": lambda m: _github(m, "gh" + "s_"),
    "github fine-grained token": lambda m: "github" + "_pat_" + m.mixed(22) + "_" + m.mixed(59),
    "gitlab personal token": lambda m: "gl" + "pat-" + m.mixed(20),
    "slack bot token": lambda m: (
        joined("xo", "xb-")
        + m.chars(string.digits, 12)
        + "-"
        + m.chars(string.digits, 13)
        + "-"
        + m.mixed(24)
    ),
    "slack user token": lambda m: (
        joined("xo", "xp-")
        + "-".join(m.chars(string.digits, 12) for _ in range(3))
        + "-"
        + m.chars(HEX, 32)
    ),
    "slack app token": lambda m: (
        joined("xa", "pp-1-A")
        + m.chars(UPPER, 10)
        + "-"
        + m.chars(string.digits, 13)
        + "-"
        + m.chars(HEX, 64)
    ),
    "slack webhook": lambda m: (
        joined("https://hooks.", "slack.com/services/T")
        + m.chars(UPPER, 8)
        + "/B"
        + m.chars(UPPER, 10)
        + "/"
        + m.mixed(24)
    ),
    "stripe secret key": lambda m: "sk" + "_live_" + m.mixed(24),
    "stripe restricted key": lambda m: "rk" + "_live_" + m.mixed(24),
    "google api key": lambda m: "AI" + "za" + m.mixed(35),
    "google oauth client secret": lambda m: "GO" + "CSPX-" + m.mixed(28),
    "gcp service account": _gcp,
    "openai project key": lambda m: "sk-" + "proj-" + m.mixed(74) + "T3Blbk" + "FJ" + m.mixed(74),
    "openai key": lambda m: "s" + "k-" + m.mixed(20) + "T3Blbk" + "FJ" + m.mixed(20),
    "anthropic key": lambda m: "sk-" + "ant-api03-" + m.mixed(93) + "AA",
    "hugging face token": lambda m: "h" + "f_" + m.chars(string.ascii_letters, 34),
    "npm token": lambda m: _github(m, "np" + "m_"),
    "pypi token": lambda m: "pypi-" + "AgEIcHlwaS5vcmc" + m.mixed(90),
    "rubygems token": lambda m: "ruby" + "gems_" + m.chars(HEX, 48),
    "digitalocean token": lambda m: "do" + "p_v1_" + m.chars(HEX, 64),
    "sendgrid key": lambda m: "S" + "G." + m.mixed(22) + "." + m.mixed(43),
    "mailgun key": lambda m: ((s := "ke" + "y-" + m.chars(HEX, 32)), f"MAILGUN_API_KEY={s}"),
    "mailchimp key": lambda m: ((s := m.chars(HEX, 32) + "-us12"), f"MAILCHIMP_API_KEY={s}"),
    "twilio auth token": lambda m: ((s := m.chars(HEX, 32)), f"TWILIO_AUTH_TOKEN={s}"),
    "telegram bot token": lambda m: m.chars("123456789", 10) + ":A" + "A" + m.mixed(33),
    "discord bot token": lambda m: (
        (s := "MT" + m.mixed(22) + "." + m.mixed(6) + "." + m.mixed(38)),
        f"DISCORD_TOKEN={s}",
    ),
    "discord webhook": lambda m: (
        "https://discord" + ".com/api/webhooks/" + m.chars("123456789", 18) + "/" + m.mixed(68)
    ),
    "json web token": _jwt,
    "rsa private key": lambda m: (s := _pem(m, "RSA"), f"```\n{s}\n```"),
    "openssh private key": lambda m: (s := _pem(m, "OPENSSH"), f"The deploy key:\n\n{s}\n"),
    "ec private key": lambda m: (s := _pem(m, "EC"), f"- the key:\n\n{s}\n"),
    "pgp private key": lambda m: (s := _pgp(m), f"Backup key\n\n{s}\n"),
    "postgres url": lambda m: (
        (s := m.mixed(16)),
        f"`postgres://app:{s}@db.internal.blue.net:5432/app`",
    ),
    "redis url": lambda m: ((s := m.mixed(20)), f"REDIS_URL=redis://:{s}@cache.blue.net:6379/0"),
    "mongodb url": lambda m: (
        (s := m.mixed(18)),
        f"Connect with mongodb+srv://root:{s}@cluster0.ab1cd.mongodb.net/app",
    ),
    "http basic url": lambda m: ((s := m.mixed(14)), f"git clone https://ci:{s}@git.blue.net/app"),
    "azure storage key": lambda m: (
        (s := m.b64(64)),
        f"AccountName=blue;AccountKey={s};EndpointSuffix=core.windows.net",
    ),
    "azure client secret": lambda m: m.mixed(3) + "8Q~" + m.mixed(34),
    "shopify token": lambda m: "shp" + "at_" + m.chars(HEX, 32),
    "square token": lambda m: "sq0" + "atp-" + m.mixed(22),
    "notion token": lambda m: "nt" + "n_" + m.chars(string.digits, 11) + m.mixed(35),
    "linear key": lambda m: "lin" + "_api_" + m.mixed(40),
    "databricks token": lambda m: "da" + "pi" + m.chars(HEX, 32),
    "vault token": lambda m: "hv" + "s." + m.mixed(94),
    "doppler token": lambda m: "dp" + ".pt." + m.mixed(43),
    "terraform cloud token": lambda m: m.mixed(14) + ".atlas" + "v1." + m.mixed(67),
    "grafana token": lambda m: "gl" + "sa_" + m.mixed(32) + "_" + m.chars(HEX, 8),
    "new relic key": lambda m: "NR" + "AK-" + m.chars(UPPER, 27),
    "age secret key": lambda m: "AGE-SECRET" + "-KEY-1" + m.chars(BECH32, 58),
    "atlassian token": lambda m: "AT" + "ATT3" + m.mixed(180) + "=" + m.chars(HEX.upper(), 8),
    "netlify token": lambda m: "nf" + "p_" + m.mixed(36),
    "supabase token": lambda m: "sb" + "p_" + m.chars(HEX, 40),
    "docker hub token": lambda m: "dckr" + "_pat_" + m.mixed(27),
    "fly.io token": lambda m: "fo1" + "_" + m.mixed(43),
    "password assignment": lambda m: ((s := "hunter2" + m.mixed(8)), f'    password = "{s}"'),
    "password in YAML": lambda m: (
        (s := m.mixed(7) + "!" + m.mixed(7)),
        f"db:\n  user: app\n  password: {s}",
    ),
    "api key in YAML": lambda m: ((s := m.chars(HEX, 32)), f"api_key: {s}"),
    "password in .env": lambda m: ((s := m.mixed(18)), f"DB_PASSWORD={s}"),
    "client secret in JSON": lambda m: ((s := m.mixed(40)), json.dumps({"client_secret": s})),
    "secret in prose": lambda m: (
        (s := m.mixed(24)),
        f"The staging API key is: {s}, ask Ada for another.",
    ),
    "password in prose": lambda m: ((s := m.mixed(12)), f"- admin password: {s}"),
    "bearer header": lambda m: (
        (s := m.mixed(40)),
        f'curl -H "Authorization: Bearer {s}" https://api.blue.net',
    ),
    "curl user": lambda m: ((s := m.mixed(16)), f"curl -u admin:{s} https://api.blue.net/v1"),
    "netrc": lambda m: ((s := m.mixed(16)), f"machine git.blue.net login ada password {s}"),
    "npmrc": lambda m: ((s := m.mixed(36)), f"//npm.blue.net/:_authToken={s}"),
    "command line flag": lambda m: (
        (s := m.mixed(20)),
        f"    mysql -h db --user=app --password={s} app",
    ),
}

PLACES = (
    "We deploy with {} since March.",
    "```sh\nexport SERVICE_TOKEN={}\n```",
    "- staging\n- key: `{}`\n",
)


def fake_secrets(seed: int = 1) -> list[FakeSecret]:
    """One or more fake secrets of every kind, the same for the same seed."""
    made = []
    for kind, recipe in RECIPES.items():
        value = recipe(Maker(hash_of(kind) + seed))
        if isinstance(value, tuple):
            secret, text = value
            made.append(FakeSecret(kind, secret, text))
        else:
            made.extend(FakeSecret(kind, value, place.format(value)) for place in PLACES)
    return made


def hash_of(text: str) -> int:
    """A number that stays the same from run to run, unlike `hash`."""
    return zlib.crc32(text.encode())


def ordinary_notes(seed: int = 2) -> dict[str, str]:
    """Notes without a secret that look as if they had one, by what they hold."""
    m = Maker(seed)
    png = "iVBORw0KGgoAAAANSUhEUgAA" + m.b64(900)
    uuid = "-".join(m.chars(HEX, n) for n in (8, 4, 4, 4, 12))
    return {
        "git sha": f"Fixed in commit {m.chars(HEX, 40)}, on main since May.",
        "short shas": "\n".join(f"{m.chars(HEX, 7)} add the {w} page" for w in ("key", "token")),
        "git log": (
            f"commit {m.chars(HEX, 40)}\nAuthor: Ada <ada@blue.net>\n\n    rotate the api key\n"
        ),
        "uuid": f"The request id was {uuid}.",
        "uuid in yaml": f"id: {uuid}\nproject_id: {uuid}\nsession: {uuid}",
        "sha256 checksum": f"{m.chars(HEX, 64)}  release.tar.gz",
        "sha256 assignment": f'sha256 = "{m.chars(HEX, 64)}"\nhash: {m.chars(HEX, 64)}',
        "md5": f"md5sum {m.chars(HEX, 32)} dump.sql",
        "docker digest": f"image: ghcr.io/blue/app@sha256:{m.chars(HEX, 64)}",
        "lock file": f'resolved "https://npm.blue.net/a.tgz"\nintegrity sha512-{m.b64(64)}',
        "pip hashes": f"click==8.1.7 \\\n    --hash=sha256:{m.chars(HEX, 64)}",
        "base64 image": f"![diagram](data:image/png;base64,{png})",
        "base64 image in html": f'<img src="data:image/png;base64,{png}" alt="the plan">',
        "base64 block": "```\n" + "\n".join(m.b64(57) for _ in range(8)) + "\n```",
        "ssh public key": "ssh-ed25519 " + "AAAAC3NzaC1lZDI1NTE5AAAA" + m.b64(33) + " ada@blue",
        "ssh fingerprint": f"SHA256:{m.b64(32).rstrip('=')} ada@blue (ED25519)",
        "known hosts": "git.blue.net ssh-rsa " + "AAAAB3NzaC1yc2EAAAADAQAB" + m.b64(256),
        "certificate": (
            "-----BEGIN CERTIFICATE-----\n"
            + "\n".join(m.b64(48) for _ in range(12))
            + "\n-----END CERTIFICATE-----"
        ),
        "public key": (
            "-----BEGIN PUBLIC KEY-----\n"
            + "\n".join(m.b64(48) for _ in range(4))
            + "\n-----END PUBLIC KEY-----"
        ),
        "gpg fingerprint": " ".join(m.chars(HEX.upper(), 4) for _ in range(10)),
        "ulid": f"run 01{m.chars(UPPER, 24)} took 3 s",
        "trace id": f"trace_id={m.chars(HEX, 32)} span_id={m.chars(HEX, 16)}",
        "etag": f'ETag: "{m.chars(HEX, 32)}"',
        "cache key": f"cache key: deps-{m.chars(HEX, 40)}",
        "pod names": f"blue-web-{m.chars(LOWER, 10)}-{m.chars(LOWER, 5)} restarted twice",
        "nix store": f"/nix/store/{m.chars(LOWER, 32)}-python3-3.11.7/bin/python3",
        "document links": (
            f"https://docs.blue.net/document/d/1{m.mixed(43)}/edit and "
            f"https://video.blue.net/watch?v={m.mixed(11)}"
        ),
        "gist": f"https://gist.git.blue.net/ada/{m.chars(HEX, 32)}",
        "s3 path": f"s3://blue-artifacts/builds/{m.chars(HEX, 40)}/app.tar.gz",
        "vpc ids": "vpc-0" + m.chars(HEX, 16) + " subnet-0" + m.chars(HEX, 16),
        "arn": "arn:aws:iam::123456789012:role/deploy-blue-green",
        "environment variable": 'token = os.environ["SERVICE_TOKEN"]\npassword = get_password()',
        "shell variable": 'export API_KEY="$BLUE_API_KEY"\ncurl -u "$USER:$PASSWORD" https://blue.net',
        "template": "password: {{ vault.db_password }}\napi_key: ${API_KEY}\nsecret: <your-secret>",
        "placeholders": (
            'api_key = "YOUR_API_KEY"\npassword = "changeme"\ntoken: xxxxxxxxxxxxxxxx\n'
            'secret = "..."\npassword: "********"'
        ),
        "prose about secrets": (
            "The password policy: rotate secrets every 90 days. Token: see the vault.\n"
            "The API key is kept in 1Password, and the secret key never leaves the HSM.\n"
            "password reset: https://blue.net/reset"
        ),
        "code about secrets": (
            "def check_password(password: str, token: str = None) -> bool:\n"
            "    secret = load_secret(name)\n    api_key = settings.api_key\n"
            "    return hmac.compare_digest(password, token)"
        ),
        "types about secrets": (
            "type Config = { password: string; apiKey?: string; secretKeyRef: SecretKeySelector }"
        ),
        "keyboard": 'key: ctrl+shift+p\nkeybinding = "cmd+k cmd+s"\nprimary_key: user_id',
        "settings": "secret_name: blue-green-database\ntoken_limit: 200000\nmax_tokens = 4096",
        "sql": "ALTER TABLE account ADD COLUMN password_hash text; -- key: (account_id, tenant_id)",
        "redacted": "Authorization: Bearer [redacted]\npassword = [redacted: Secret Keyword]",
        "identifiers": "getUserNameFromRequestTokenHeader, AbstractSingletonProxyFactoryBeanKey32",
        "phone and numbers": "+49 30 901820, order 4000123412341234, 2026-05-01T10:00:00Z",
        "url with query": "https://blue.net/search?q=api+key&sort=token&page=2&utm_source=password",
        "email": "postgres://localhost:5432/app and http://localhost:8080/?user=ada@blue.net",
        "chat": "Ada said the key thing is to keep the token budget small; the secret is patience.",
        "stripe ids": f"customer cus_{m.mixed(14)}, price price_1{m.mixed(23)}, pk_test in docs",
        "slack ids": "channel C0" + m.chars(UPPER, 9) + " user U0" + m.chars(UPPER, 9),
        "chinese": "密码策略:每九十天更换一次。令牌保存在保险库中。",
        "css": "--token-color: #a1b2c3d4; content: 'secret';",
        "jupyter": '{"cell_type": "code", "id": "' + m.chars(HEX, 8) + '", "outputs": []}',
        "bench table": "| key | token | ms |\n| --- | --- | --- |\n| abc123def456 | 77 | 1.5 |",
    }
