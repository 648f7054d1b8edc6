"""Fake keys and tokens in the formats of many providers, and the places of a note where they stand.

Each template is a prefix, and what follows it: `{a36}` stands for 36 letters and digits, `h` for lower
hexadecimal digits, `H` for upper ones, `l` for lower letters and digits, `u` for upper ones, `d` for digits,
`w` for letters, digits, `_` and `-`, `b` for Base64, `B` for Base32, `U` for a UUID. Before a `▸` stands the
context that a key without a prefix needs.
"""

from __future__ import annotations

import re

from fake_secrets import ALNUM, BASE64, HEX, LOWER, UPPER, WORD, FakeSecret, Maker, hash_of

_ALPHABETS = {
    "a": ALNUM,
    "h": HEX,
    "H": HEX.upper(),
    "l": LOWER,
    "u": UPPER,
    "d": "0123456789",
    "w": WORD,
    "b": BASE64,
    "B": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "q": "Q",
}

TEMPLATES = """
sk-ant-api03-{w93}AA
sk-ant-oat01-{w93}AA
sk-ant-ort01-{w93}AA
sk-ant-admin01-{w93}AA
sk-ant-sid01-{w86}-{w6}AA
sk-proj-{w156}
sk-svcacct-{w156}
sk-admin-{w156}
sk-{a48}
sk-{h32}
sk-or-v1-{h64}
sk-lf-{U}
gsk_{a52}
xai-{a80}
pplx-{a48}
r8_{a37}
hf_{a34}
csk-{l48}
fw_{a24}
tgp_v1_{w43}
lsv2_pt_{h32}_{h10}
lsv2_sk_{h32}_{h10}
pcsk_{a6}_{a63}
tvly-{a32}
tvly-dev-{a32}
fc-{h32}
jina_{h32}{w28}
nvapi-{w64}
sk_{h48}
e2b_{h40}
rpa_{u40}
llx-{a48}
m0-{a40}
bb_live_{w27}
key_{h64}
crsr_{h64}
app-{a24}
dtn_{h64}
ghp_{a36}
gho_{a36}
ghu_{a36}
ghs_{a36}
ghr_{a36}
github_pat_{a22}_{a59}
glpat-{w20}
glpat-{w27}.01.{l9}
glptt-{h40}
gldt-{w20}
glrt-{w20}
glcbt-a1_{w20}
glimt-{w25}
glft-{w20}
glsoat-{w20}
glagent-{w50}
gloas-{h64}
ATBB{a24}{H8}
ATCTT3xFfGN0{w170}={H8}
ATATT3xFfGF0{w170}={H8}
ATTA{h64}{H8}
bkua_{h40}
CCIPAT_{a22}_{h40}
CCIPRJ_{a22}_{h40}
sgp_{h16}_{h40}
sgp_local_{h40}
squ_{h40}
sqp_{h40}
sqa_{h40}
snyk_uat.{h8}.{w60}.{w40}
AKCp{a69}
cmVmdGtuOjAx{a52}
npm_{a36}
pypi-AgEIcHlwaS5vcmc{w150}
rubygems_{h48}
dckr_pat_{w27}
dckr_oat_{w32}
CLOJARS_{h60}
oy2{l43}
cio{a32}
ddp_{a36}
vcp_{a56}
vck_{a56}
nfp_{a36}
HRKU-AA{w58}
fo1_{w43}
fm2_{b300}
rnd_{a32}
sbp_{h40}
sb_secret_{w31}
pscale_tkn_{w43}
pscale_pw_{w43}
pscale_oauth_{w43}
napi_{l64}
xau_{a40}
CCDB1_{a22}_{a40}
mdb_sa_sk_{w40}
dapi{h32}
dkea{h32}
dose{h32}
AVNS_{w19}
fnAE{w36}
mzp_{h64}
p.eyJ1Ijog{w100}.{w43}
pul-{h40}
{a14}.atlasv1.{a67}
dp.pt.{a43}
dp.st.dev.{a43}
dp.ct.{a43}
dp.sa.{a43}
dp.scim.{a43}
st.{U}.{h32}.{h32}
hvs.{w94}
hvb.{w140}
s.{a24}
ops_eyJ{a400}
A3-{u6}-{u11}-{u5}-{u5}-{u5}
AGE-SECRET-KEY-1{u58}
SU{B56}
tskey-auth-{a17}-{a32}
tskey-api-{a17}-{a32}
tskey-client-{a17}-{a32}
nbp_{a36}
v1.0-{h24}-{h146}
AKIA{B16}
ABSK{b109}
LTAI{a20}
AQVN{w36}
y0_{w58}
AIza{w35}
ya29.{w180}
1//0{w60}
GOCSPX-{w28}
{a3}8Q~{a34}
AccountName=blue;AccountKey=▸{b86}==
Endpoint=sb://blue;SharedAccessKeyName=root;SharedAccessKey=▸{b43}=
{b76}+ASt{b5}A==
{b76}ACDb{b5}Q==
{b33}+ASb{b5}g=
{w44}AzFu{w5}Q==
{a42}AzSeB{a5}
{b42}+ACRB{b5}
{a32}JQQJ99{a46}
{a76}AZDO{a4}
https://acct.blob.core.windows.net/c?sv=2024-11-04&sp=r&sig=▸{a40}%3D
dop_v1_{h64}
doo_v1_{h64}
dor_v1_{h64}
ucat_{u26}
EXO{h24}
xoxb-{d12}-{d13}-{a24}
xoxp-{d12}-{d12}-{d12}-{h32}
xoxa-2-{d12}-{d12}-{h32}
xoxs-{d12}-{d12}-{d12}-{h32}
xoxc-{d12}-{d12}-{d12}-{h64}
xoxd-{a60}%2B{a60}%3D
xoxe-1-{a146}
xoxe.xoxp-1-{a166}
xapp-1-A{u10}-{d13}-{h64}
https://hooks.slack.com/services/T{u8}/B{u10}/{a24}
https://discord.com/api/webhooks/{d18}/{w68}
SK{h32}
SG.{w22}.{w43}
MAILGUN_API_KEY=▸key-{h32}
{h32}-{h8}-{h8}
mlsn.{h64}
xkeysib-{h64}-{a16}
xsmtpsib-{h64}-{a16}
re_{a8}_{a24}
pk_{h34}
pk_{d8}_{u32}
dG9rOj{b70}
pat-na1-{U}
pat-eu1-{U}
pat{a14}.{h64}
ntn_{d11}{a35}
secret_{a43}
lin_api_{a40}
lin_oauth_{h64}
figd_{w43}
figu_{w43}
1/{d16}:{h32}
2/{d16}/{d16}:{h32}
sl.{w135}
sl.u.{w1100}
tfp_{w44}_{w14}
cal_live_{h32}
CFPAT-{w43}
shpat_{h32}
shpca_{h32}
shppa_{h32}
shpss_{h32}
sk_live_{a24}
sk_test_{a99}
rk_live_{a99}
whsec_{a32}
sq0atp-{w22}
sq0csp-{w43}
EAAAE{w59}
access_token$production${l16}${h32}
access-production-{U}
rzp_live_{a14}
FLWSECK-{h32}-X
live_{a30}
live_{w40}
pdl_live_apikey_01{l24}_{a22}_{a3}
polar_oat_{a43}
EZAK{a54}
shippo_live_{h40}
duffel_live_{w43}
sntrys_eyJ{b150}_{b43}
sntryu_{h64}
NRAK-{u27}
NRII-{w32}
NRJS-{h19}
{h36}NRAL
glsa_{a32}_{h8}
glc_eyJ{b140}==
eyJrIjoi{b90}
hcaik_01{l58}
dt0c01.{u24}.{u64}
dt0s01.{u8}.{u64}
phx_{a43}
phs_{a43}
LAUNCHDARKLY_SDK_KEY=▸sdk-{U}
secret-{a43}
pnu_{a36}
dbtu_{w40}
retool_01{l24}
signkey-prod-{h64}
tr_prod_{a20}
tr_pat_{l40}
rdme_{l70}
PMAK-{h24}-{h34}
apify_api_{a36}
sk.eyJ{w85}.{w22}
EAAG{a180}
IGQV{w140}
AAAAAAAAAAAAAAAAAAAAA{a80}
WPL_AP1.{a16}.{a6}==
aio_{a28}
fio-u-{w64}
lip_{a20}
{a6}_{a29}_mmk
nyk_v0_{a64}
sha256~{w43}
tk-us-{w48}
vk1.a.{w180}
waka_{U}
pat.{a22}.{h24}.{a20}
API-{u28}
rootly_{h64}
fhb-{h32}
tss_{a42}
depot_org_{h64}
standard_{h256}
dub_{a24}
KEY0{H30}_{a22}
{l10}msh{l17}jsn{l12}
DATADOG_API_KEY=▸{h32}
DD_APP_KEY=▸{h40}
AWS_SECRET_ACCESS_KEY=▸{b40}
CLOUDFLARE_API_KEY=▸{h37}
CLOUDFLARE_API_TOKEN=▸{w40}
FASTLY_API_TOKEN=▸{w32}
HEROKU_API_KEY=▸{U}
LINODE_TOKEN=▸{h64}
HCLOUD_TOKEN=▸{a64}
VULTR_API_KEY=▸{u36}
SCW_SECRET_KEY=▸{U}
ALGOLIA_ADMIN_KEY=▸{h32}
MEILI_MASTER_KEY=▸{a43}
TYPESENSE_API_KEY=▸{a32}
TWILIO_AUTH_TOKEN=▸{h32}
MAILCHIMP_API_KEY=▸{h32}-us12
POSTMARK_SERVER_TOKEN=▸{U}
ROLLBAR_ACCESS_TOKEN=▸{h32}
OPSGENIE_API_KEY=▸{U}
CODECOV_TOKEN=▸{U}
DEEPGRAM_API_KEY=▸{h40}
ASSEMBLYAI_API_KEY=▸{h32}
MISTRAL_API_KEY=▸{a32}
COHERE_API_KEY=▸{a40}
WANDB_API_KEY=▸{h40}
AZURE_OPENAI_API_KEY=▸{h32}
OKTA_API_TOKEN=▸00{w40}
AUTH0_CLIENT_SECRET=▸{w64}
SPOTIFY_CLIENT_SECRET=▸{h32}
ETHERSCAN_API_KEY=▸{u34}
INFURA_API_KEY=▸{h32}
PRIVATE_KEY=▸0x{h64}
WG_PRIVATE_KEY=▸{b43}=
DISCORD_BOT_TOKEN=▸MT{a22}.{a6}.{a38}
BITWARDEN_ACCESS_TOKEN=▸0.{U}.{a30}:{b22}==
SENTRY_AUTH_TOKEN=▸{h64}
SECRET_KEY_BASE=▸{h128}
ENCRYPTION_KEY=▸{h64}
PGPASSWORD=▸{a16}
MYSQL_PWD=▸{a14}
SMTP_PASS=▸{a12}
sk-kimi-{a48}
ls__{h32}
BSA{w28}
KGAT_{h32}
syt_{a14}_{a20}_{a6}
tk_{l29}
1000.{h32}.{h32}
00D{a12}!{w96}
oauth:{l30}
RGAPI-{U}
jca_{a44}
sk_sbox_{l27}
GOOG1E{u57}
xprv9s21ZrQH143K{a95}
nbwt1_eyJ{w100}.{w60}
prod:happy-otter-123|{h80}
blue_pat_{a40}
vlt_{a32}
blue_sk_{h40}
https://outlook.office.com/webhook/{U}@{U}/IncomingWebhook/{h32}/{U}
https://hooks.zapier.com/hooks/catch/{d7}/{l7}
https://b.s3.net/k?X-Amz-Signature=▸{h64}
"""

PLACES = {
    "plain text": "We use {} for the deployment since March.",
    "end of a sentence": "The deployment runs with {}.\nAda knows more.",
    "double quotes": 'They set it to "{}" in the console.',
    "single quotes": "They set it to '{}' in the console.",
    "table": "| service | value |\n| --- | --- |\n| deployment | {} |\n",
    "strong emphasis": "For the deployment: **{}** since March.",
    "code": "For the deployment: `{}` since March.",
    "emphasis": "For the deployment: *{}* since March.",
}


# Names of credentials, and the forms in which a text assigns a value to one.
NAMES = (
    *(
        "password",
        "Passcode",
        "DB_PW",
        "psk",
        "wpa_passphrase",
        "api_key",
        "x-api-key",
        "JWT_SECRET",
        "consumerSecret",
    ),
    *(
        "GH_PAT",
        "STRIPE_SK",
        "FERNET_KEY",
        "credentials",
        "REDIS_AUTH",
        "client-key-data",
        "access_code",
        "authToken",
    ),
    *(
        "API key",
        "Bearer token",
        "mot de passe",
        "senha",
        "wachtwoord",
        "hasło",
        "пароль",
        "密码",
        "パスワード",
        "비밀번호",
    ),
)
NAMED_FORMS = (
    "{name}={value}\nX=1",
    "export {name}={value}\nX=1",
    '{name}="{value}"\n',
    "x:\n  {name}: {value}\n",
    "x:\n  {name}: '{value}'\n",
    '{{"{name}": "{value}", "x": 1}}',
    '{{"{name}":"{value}"}}',
    "**{name}:** {value}",
    "**{name}**: {value}",
    "- {name}: `{value}`",
    "`{name}`: `{value}`",
    "`{name}={value}`",
    "{name}: <code>{value}</code>",
    "The {name}: {value}.\nMore.",
    "The {name} is {value}.\nMore",
    "The {name} is `{value}` now.",
    "| x | y |\n| --- | --- |\n| {name} | {value} |\n",
    "| x | y |\n| --- | --- |\n| `{name}` | `{value}` |\n",
    "| {name} | y |\n| --- | --- |\n| {value} | 1 |\n",
    "| y | {name} |\n|---|---|\n| 1 | `{value}` |\n",
    "https://blue.net/x?{name}={value}&z=1",
    'the {name} is "{value}"',
    "*{name}*: *{value}*",
    "{name} - {value}",
    "{name} -> {value}",
    "{name} := '{value}'",
    "'{name}' => '{value}',",
    '{name} = "{value}"',
    '<add key="{name}" value="{value}"/>',
    "run --{name}={value} x",
    "run --{name} {value} x",
    "curl -H '{name}: {value}' x",
    "{name}:\n  {value}\n",
    "{name}:\n\n    {value}\n",
    '{{"name": "{name}", "value": "{value}"}}',
    "- name: {name}\n  value: {value}\n",
    "1. {name}: {value}\n2. x",
    "({name}: {value})",
    "{name} ({value})",
    "-e {name}={value} img",
    "{name} changed to {value}",
    "{name}：{value}",
    "🔑 {name}: {value}",
    "{name}: {value}\r\nx",
    "{name} : {value}",
)
# What stands where a secret goes.
PLACEHOLDERS = """
your-api-key
YOUR_API_KEY_HERE
<API_KEY>
<your-password>
${DB_PASSWORD}
$(cat secret)
$DB_PASS
{{ secrets.DB_PASS }}
%PASSWORD%
os.environ["DB_PASS1"]
process.env.API_KEY_2
getenv("KEY1")
ENV['KEY1']
env:OPENAI_API_KEY
op://vault/item/field1
vault:secret/data/db1#key
arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf
projects/42/secrets/db/versions/3
keyring:deploy2
ref+vault://secret/db1
ENC[AES256_GCM,data:p673w==,iv:YY=,type:str]
********
••••••••
xxxxxxxxxxxx
XXXX-XXXX-1234
changeme123
ChangeMe!
P@ssw0rd
Passw0rd!
password123
Password1
correct-horse-battery-staple
sk-...
sk-xxxxxxxxxxxxxxxxxxxxxxxx
sk-1234567890abcdef1234567890abcdef
ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
ghp_abcdefghijklmnopqrstuvwxyz0123456789
AKIAIOSFODNN7EXAMPLE
wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
REPLACE_ME
REPLACE_WITH_KEY_1
TODO
n/a
null
undefined
required
SecretStr
Optional[str]
base64-encoded-key
32-byte-hex-string
64-char-hex
insert-token-here
put_your_key_here
paste_token_1_here
my-secret-pw
mysecretpassword
my_strong_password1
StrongP@ssw0rd
YourStrong!Passw0rd
s3cr3t
letmein1
test1234
test-token-1
admin123
dev-only-key-1
not-a-real-key-1
fake_key_123
dummy-2
sample-token-1
demo_key_42
abc123
abc123def456
12345678
key-1
RS256
aes-256-gcm
[REDACTED]
REDACTED_1
(hidden)
<redacted:1>
1Password
rotated
$(openssl rand -hex 32)
`openssl rand -hex 32`
secret123
token123
token_abc123
my-token-2
some_value_1
user-provided-key1
the-key-from-step-2
generated-at-build-1
00000000-0000-0000-0000-000000000000
11111111-2222-3333-4444-555555555555
deadbeefdeadbeefdeadbeefdeadbeef
0123456789abcdef0123456789abcdef
aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
config.get("db.pass1")
settings.DB_PASS2
secrets.token_hex(32)
crypto.randomBytes(32)
@Microsoft.KeyVault(SecretUri=https://x.vault.azure.net/secrets/a/)
!secret wifi_password1
file:/run/secrets/db1
/run/secrets/db_password1
./secrets/key1.pem
~/.ssh/id_ed25519
~/.config/x/token2.json
keychain:svc2
aws-sm://db1
gcp-secret://p1/db
ssm:/prod/db/pass1
example-key-123
EXAMPLE_TOKEN_1
ACME_API_KEY
OPENAI_API_KEY
API_KEY_1
apiKey2
foo123bar
foobar42
lorem-ipsum-1
placeholder1
TBD-1
FIXME1
__API_KEY_1__
@@TOKEN1@@
#{token1}#
#{ENV["TOKEN1"]}
{token1}
{0}
%(token1)s
:token1
""".strip()


def provider_secrets(seed: int = 1) -> list[FakeSecret]:
    """A fake secret of every format in every place; `kind` is "template, place"."""
    made = []
    for template in TEMPLATES.split():
        maker = Maker(hash_of(template) + seed)
        filled = re.sub(r"\{([A-Za-z])(\d*)\}", lambda m, maker=maker: _part(maker, m), template)
        context, _, secret = filled.rpartition("▸")
        made += [
            FakeSecret(f"{template}, {place}", secret, around.replace("{}", context + secret))
            for place, around in PLACES.items()
        ]
    return made


def _part(maker: Maker, match: re.Match[str]) -> str:
    kind, count = match[1], int(match[2] or 0)
    if kind == "U":
        return "-".join(
            (
                maker.chars(HEX, 8),
                maker.chars(HEX, 4),
                "4" + maker.chars(HEX, 3),
                "a" + maker.chars(HEX, 3),
                maker.chars(HEX, 12),
            )
        )
    if kind in "aw" and count >= 5:
        # As with real ones: they end with a letter or digit, mostly.
        return maker.chars(_ALPHABETS[kind], count - 4) + maker.mixed(4)
    return maker.chars(_ALPHABETS[kind], count)
