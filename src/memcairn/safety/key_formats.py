"""The formats in which providers issue keys and tokens.

Each line of `_FORMATS` has a kind, prefixes, and a pattern for what follows them. Where the fixed part is not
at the beginning, a pattern for what precedes it stands before the prefix and a `^`. The formats are those
that the providers document or that public scanners list.
"""

from __future__ import annotations

import bisect
import itertools
import re
from functools import cache

TYPE_CHECKING = False  # typing costs a hook call half as much as starting Python does
if TYPE_CHECKING:
    from collections.abc import Iterator


def find_tokens(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of each text in the format of a provider, in no order."""
    # Tokens are long and have no spaces: most of a text need not be compared with hundreds of formats.
    runs = [match.span() for match in _RUN.finditer(text)]
    if not runs:
        return
    reduced = "\n".join([text[start:end] for start, end in runs])
    starts = [0, *itertools.accumulate(end - start + 1 for start, end in runs)]
    for kind, prefix, body, head in _table():
        if prefix not in reduced:
            continue
        for match in _compiled(f"{re.escape(prefix)}{body}(?![A-Za-z0-9])").finditer(reduced):
            at = match.start()
            before = reduced[max(at - _MAX_HEAD_CHARS, 0) : at]
            found = _compiled(f"(?<![A-Za-z0-9+](?=[A-Za-z0-9])){head}\\Z").search(before)
            if found is not None:
                run = bisect.bisect_right(starts, at) - 1
                moved = runs[run][0] - starts[run]
                yield at + moved - len(found[0]), match.end() + moved, kind
    for match in _compiled(_PREFIXED).finditer(reduced):
        if match["named"] or _is_mixed(match["body"]):
            moved = runs[bisect.bisect_right(starts, match.start()) - 1][0]
            moved -= starts[bisect.bisect_right(starts, match.start()) - 1]
            yield match.start() + moved, match.end() + moved, "token"


def _is_mixed(body: str) -> bool:
    """Whether letters of both cases and digits change as often as in random text."""
    kinds = ["d" if c.isdigit() else "u" if c.isupper() else "l" for c in body]
    changes = sum(a != b for a, b in itertools.pairwise(kinds))
    return len(set(kinds)) == 3 and changes > len(body) // 3


@cache
def _compiled(form: str) -> re.Pattern[str]:
    return re.compile(form, re.ASCII)


@cache
def _table() -> tuple[tuple[str, str, str, str], ...]:
    """Kind, prefix, and patterns for what follows and precedes the prefix, of each format."""
    rows = []
    for line in filter(None, _FORMATS.splitlines()):
        kind, prefixes, body = (cell.strip() for cell in line.split(" |"))
        for cell in prefixes.split():
            head, _, prefix = cell.rpartition("^")
            rows.append((kind, prefix, body, head))
    return tuple(rows)


# The form that most providers give their tokens today: their name, the kind, and many random characters.
_PREFIXED = (
    r"(?<![A-Za-z0-9+/])(?:"
    r"(?P<named>(?:[a-z][a-z0-9]{1,11}[_-]){0,2}(?:sk|pat|key|apikey|api|token|tok|secret|live|prod|auth|refresh)"
    r"[_-](?:v\d[_-])?(?=[a-f]{0,12}\d)[0-9a-f]{32,128})"
    r"|(?!sha\d|md5)[a-z][a-z0-9]{1,11}(?:[_-][a-z0-9]{1,10}){0,2}(?:_|(?=.[A-Za-z0-9]{40})-)"
    r"(?P<body>[A-Za-z0-9]{28,250}))(?![A-Za-z0-9+/=])"
)
_RUN = re.compile(r"[!-~]{18,}")
_MAX_HEAD_CHARS = 100

_FORMATS = r"""
anthropic key | sk-ant- | [A-Za-z0-9]{2,12}-[\w-]{32,200}
openai key | sk-proj- sk-svcacct- sk-admin- sk-None- | [\w-]{40,250}
openai key | sk- | [A-Za-z0-9]{32,64}
provider key | sk- | [a-z0-9]{2,12}-[\w-]{32,200}
brave search key | BSA | [\w-]{28}
langsmith key | ls__ | [0-9a-f]{32}
kaggle token | KGAT_ | [0-9a-f]{32}
matrix token | syt_ | [A-Za-z0-9]{4,40}_[A-Za-z]\w{16,24}_[A-Za-z0-9]{6}
matrix token | syt_ | [A-Za-z0-9]{4,40}_[A-Za-z0-9]{16,24}_[A-Za-z0-9]{6}
zoho token | 1000. | [0-9a-f]{32}\.[0-9a-f]{32}
salesforce token | 00D | [A-Za-z0-9]{12,15}![\w.]{80,120}
twitch token | oauth: | [a-z0-9]{30}
riot key | RGAPI- | [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
ntfy token | tk_ | [a-z0-9]{29}
checkout key | sk_sbox_ | [a-z0-9]{24,34}
google storage key id | GOOG1E | [A-Z0-9]{55,58}
extended private key | xprv yprv zprv tprv | [A-Za-z0-9]{100,115}
edgedb key | nbwt1_ | eyJ[\w-]{40,400}\.[\w-]{40,120}
convex key | prod: dev: | [a-z]+-[a-z]+-\d{1,4}\|[\w=+/-]{40,200}
teams webhook | https://outlook.office.com/webhook/ | [\w@/-]{60,300}
zapier webhook | https://hooks.zapier.com/hooks/catch/ | \d{4,12}/[a-z0-9]{5,20}/?
presigned URL | X-Amz-Signature= | [0-9a-f]{64}
openrouter key | sk-or-v1- | [0-9a-f]{64}
langfuse key | sk-lf- | [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
helicone key | sk-helicone- | [a-z0-9-]{20,60}
letta key | sk-let- | [\w+/=-]{40,200}
groq key | gsk_ | [A-Za-z0-9]{48,56}
xai key | xai- | [A-Za-z0-9]{70,90}
perplexity key | pplx- | [A-Za-z0-9]{40,60}
replicate token | r8_ | [A-Za-z0-9]{36,40}
hugging face token | hf_ api_org_ | [A-Za-z0-9]{32,40}
cerebras key | csk- | [a-z0-9]{40,60}
fireworks key | fw_ | [A-Za-z0-9]{22,30}
together key | tgp_v1_ | [\w-]{40,50}
langsmith key | lsv2_pt_ lsv2_sk_ | [0-9a-f]{32}_[0-9a-f]{10}
pinecone key | pcsk_ | [A-Za-z0-9]{4,10}_[A-Za-z0-9]{50,75}
tavily key | tvly- tvly-dev- tvly-prod- | [A-Za-z0-9]{28,40}
firecrawl key | fc- | [0-9a-f]{32}
jina key | jina_ | [\w-]{50,70}
voyage key | pa- | [\w-]{43}
nvidia key | nvapi- | [\w-]{60,75}
elevenlabs key | sk_ | [0-9a-f]{48}
e2b key | e2b_ | [0-9a-f]{40}
modal token | ak- as- | [A-Za-z0-9]{22}
runpod key | rpa_ | [A-Za-z0-9]{40,50}
weights and biases key | wandb_v1_ | [\w-]{40,100}
llamacloud key | llx- | [A-Za-z0-9]{40,60}
mem0 key | m0- | [A-Za-z0-9]{38,44}
supermemory key | sm_ | [A-Za-z0-9]{20,30}_[A-Za-z0-9]{30,80}
browserbase key | bb_live_ | [\w-]{25,40}
cursor key | key_ crsr_ | [0-9a-f]{64}
nomic key | nk- | [\w-]{40,50}
anyscale key | esecret_ | [a-z0-9]{20,40}
dify key | app- dataset- | [A-Za-z0-9]{24}
daytona key | dtn_ | [0-9a-f]{64}
chroma key | ck- | [A-Za-z0-9]{40,50}
github token | ghp_ gho_ ghu_ ghs_ ghr_ | [A-Za-z0-9]{36,80}
github token | github_pat_ | [A-Za-z0-9]{22}_[A-Za-z0-9]{59}
gitlab token | glpat- glptt- gldt- glrt- glrtr- glcbt- | [\w-]{20,80}(?:\.[0-9a-z]{2}\.?[0-9a-z]{9,12})?
gitlab token | glimt- glft- glsoat- glagent- gloas- | [\w-]{20,80}(?:\.[0-9a-z]{2}\.?[0-9a-z]{9,12})?
gitlab token | glffct- glwt- | [\w-]{20,80}(?:\.[0-9a-z]{2}\.?[0-9a-z]{9,12})?
gitlab token | GR1348941 | [\w-]{20}
bitbucket password | ATBB | [A-Za-z0-9]{32}
bitbucket token | ATCTT3 | [\w-]{50,250}(?:=[0-9A-F]{8})?
atlassian token | ATATT3 ATOA | [\w-]{50,250}(?:=[0-9A-F]{8})?
trello token | ATTA | [0-9a-f]{60,70}[0-9A-F]{0,10}
buildkite token | bkua_ bkct_ | [0-9A-Za-z]{36,50}
circleci token | CCIPAT_ CCIPRJ_ | [A-Za-z0-9]{20,24}_[0-9a-f]{40}
sourcegraph token | sgp_ sgp_local_ slk_ sgd_ | (?:[0-9a-f]{16}_)?[0-9a-f]{40,64}
sonarqube token | squ_ sqp_ sqa_ | [0-9a-f]{40}
snyk token | snyk_uat. snyk_sat. | [0-9a-f]{8}\.[\w.-]{40,120}[\w-]
codeclimate token | qltcp_ qltcw_ | [A-Za-z0-9]{30,60}
jfrog token | AKCp | [A-Za-z0-9]{64,72}
jfrog token | cmVmdGtuO | [A-Za-z0-9+/=]{50,80}
npm token | npm_ | [A-Za-z0-9]{36}
pypi token | pypi- | AgE[\w-]{50,300}
rubygems key | rubygems_ | [0-9a-f]{48}
docker token | dckr_pat_ dckr_oat_ | [\w-]{27,40}
clojars token | CLOJARS_ | [0-9a-f]{60}
nuget key | oy2 | [a-z0-9]{43}
crates token | cio | [A-Za-z0-9]{32}
packagist token | packagist_ort_ packagist_uut_ packagist_out_ | [0-9a-f]{60,72}
deno token | ddp_ ddo_ ddw_ ddc_ | [A-Za-z0-9]{36}
vercel token | vcp_ vci_ vca_ vcr_ vck_ | [A-Za-z0-9]{24,60}
netlify token | nfp_ nfo_ nfc_ nfb_ nfu_ | [\w-]{36}
heroku key | HRKU- | (?:AA)?[\w-]{36,64}
fly token | fo1_ | [\w-]{43}
fly token | fm1r_ fm1a_ fm2_ | [A-Za-z0-9+/]{80,2000}={0,3}
render key | rnd_ | [A-Za-z0-9]{28,36}
supabase key | sbp_ sbp_oauth_ | [0-9a-f]{40}
supabase key | sb_secret_ | [\w-]{22,50}
planetscale token | pscale_tkn_ pscale_pw_ pscale_oauth_ | [\w=-]{32,64}
neon key | napi_ | [a-z0-9]{60,70}
xata key | xau_ | [A-Za-z0-9]{30,50}
cockroach key | CCDB1_ | [A-Za-z0-9]{22}_[A-Za-z0-9]{40}
mongodb atlas secret | mdb_sa_sk_ | [\w-]{35,50}
confluent secret | cflt | [A-Za-z0-9+/]{60}
databricks token | dapi dkea dsapi | [0-9a-f]{32}(?:-\d)?
databricks secret | dose | [0-9a-f]{32}
aiven password | AVNS_ | [\w-]{19,24}
fauna key | fnA | [\w-]{37}
elastic key | essu_ | [A-Za-z0-9+/=]{40,120}
materialize password | mzp_ | [0-9a-f]{64}
tinybird token | p. | eyJ[\w-]{60,300}\.[\w-]{40,50}
pulumi token | pul- | [0-9a-f]{40}
terraform token | [A-Za-z0-9]{14}^.atlasv1. | [\w-]{60,75}
doppler token | dp.pt. dp.ct. dp.sa. dp.scim. dp.audit. | [A-Za-z0-9]{40,44}
doppler token | dp.st. | (?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}
infisical token | st. | [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[0-9a-f]{32}\.[0-9a-f]{32}
infisical token | st. | [0-9a-f]{24}\.[0-9a-f]{32}\.[0-9a-f]{32}
phase token | pss_user: pss_service: | v\d:[0-9a-f]{64}:[0-9a-f:]{64,260}
vault token | hvs. hvb. hvr. | [\w-]{24,300}
vault token | s. | [A-Za-z0-9]{24}
1password token | ops_ | eyJ[\w+/=-]{80,2000}
1password secret key | A3- | [A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}
age secret key | AGE-SECRET-KEY-1 | [0-9A-Z]{58}
nats seed | SU SA SO SC SN SX | [A-Z2-7]{56}
tailscale key | tskey- | (?:auth|api|client|webhook|scim|oauth)-[\w]{8,20}(?:-[\w]{16,40})?
tailscale key | tskey- | [\w]{10,40}
netbird token | nbp_ | [A-Za-z0-9]{36}
ngrok key | ngrok_ | [\w-]{40,60}
cloudflare origin key | v1.0- | [0-9a-f]{24}-[0-9a-f]{146}
cloudflare token | cfut_ cfat_ cfk_ | [\w-]{40,60}
aws access key id | AKIA ASIA ABIA ACCA | [A-Z2-7]{16}
aws bedrock key | ABSK | [A-Za-z0-9+/]{100,140}={0,2}
aws bedrock key | bedrock-api-key- | [A-Za-z0-9+/]{60,2000}={0,2}
alibaba key id | LTAI | [A-Za-z0-9]{20}
tencent key id | AKID | [A-Za-z0-9]{32}
yandex key | AQVN | [\w-]{35,40}
yandex token | t1. | [A-Z0-9a-z_-]{40,200}=?\.[A-Z0-9a-z_-]{86}={0,2}
yandex token | y0_ y0__ | [\w-]{50,70}
google key | AIza | [\w-]{35}
google key | AQ. | Ab[\w-]{40,60}
google oauth token | ya29. | [\w-]{20,500}
google refresh token | 1//0 | [\w-]{35,110}
google oauth secret | GOCSPX- | [\w-]{28}
azure secret | [\w~.-]{3}^8Q~ [\w~.-]{3}^7Q~ | [\w.~-]{30,33}[\w~-]
azure key | [A-Za-z0-9+/]{76}^+ASt [A-Za-z0-9+/]{76}^APIM | [A-Za-z0-9+/]{5}[AQgw]={1,2}
azure key | [A-Za-z0-9+/]{76}^ACDb [A-Za-z0-9+/]{76}^+ABa | [A-Za-z0-9+/]{5}[AQgw]={1,2}
azure key | [A-Za-z0-9+/]{76}^+AMC [A-Za-z0-9+/]{33}^+ARm | [A-Za-z0-9+/]{5}[AQgw]={1,2}
azure key | [A-Za-z0-9+/]{33}^AIoT [A-Za-z0-9+/]{33}^+ASb | [A-Za-z0-9+/]{5}[AQgw]={1,2}
azure key | [A-Za-z0-9+/]{33}^+AEh [A-Za-z0-9+/]{33}^AzCa | [A-Za-z0-9+/]{5}[AQgw]={1,2}
azure function key | [\w-]{44}^AzFu | [\w-]{5}[AQgw]==
azure search key | [A-Za-z0-9]{42}^AzSe | [A-D][A-Za-z0-9]{5}
azure registry key | [A-Za-z0-9+/]{42}^+ACR | [A-D][A-Za-z0-9+/]{5}
azure openai key | [A-Za-z0-9]{28,34}^JQQJ99 | [A-Za-z0-9]{46}
azure devops token | [A-Za-z0-9]{76}^AZDO | [A-Za-z0-9]{4}
digitalocean token | dop_v1_ doo_v1_ dor_v1_ | [0-9a-f]{64}
upcloud token | ucat_ | [A-Z0-9]{26}
exoscale key | EXO | [0-9a-f]{24}
scaleway key | SCW | [A-Z0-9]{17}
slack token | xoxb- xoxp- xoxa- xoxr- xoxs- xoxo- xoxc- xoxe- xoxe.xoxp- xoxe.xoxb- | [A-Za-z0-9-]{20,400}
slack token | xapp- xwfp- | [A-Za-z0-9-]{20,400}
slack token | xoxa-2- xoxd- | [\w%+/=-]{30,400}
slack webhook | https://hooks.slack.com/ | (?:services|workflows|triggers)/[\w/-]{20,200}
discord webhook | https://discord.com/api/webhooks/ | \d{10,25}/[\w-]{30,100}
discord webhook | https://discordapp.com/api/webhooks/ | \d{10,25}/[\w-]{30,100}
teams webhook | https://[a-z0-9]{2,40}^.webhook.office.com/webhookb2/ | [\w@/-]{60,300}
twilio key | SK | [0-9a-f]{32}
sendgrid key | SG. | [\w-]{20,24}\.[\w-]{39,50}
mailgun key | key- pubkey- | [0-9a-f]{32}
mailgun key | [0-9a-f]{32}^- | [0-9a-f]{8}-[0-9a-f]{8}
mailersend token | mlsn. | [0-9a-f]{64}
brevo key | xkeysib- xsmtpsib- | [0-9a-f]{64}-[A-Za-z0-9]{16}
resend key | re_ | [A-Za-z0-9]{8}_[A-Za-z0-9]{24}
klaviyo key | pk_ | [0-9a-f]{34}
clickup token | pk_ | \d{5,9}_[A-Z0-9]{32}
onesignal key | os_v2_app_ os_v2_org_ | [a-z2-7]{80,110}
courier key | pk_prod_ pk_test_ | [A-Z0-9]{28}
intercom token | dG9rO | [A-Za-z0-9+/]{50,80}={0,2}
hubspot token | pat-na1- pat-na2- pat-eu1- pat-ap1- | [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
airtable token | pat | [A-Za-z0-9]{14}\.[0-9a-f]{64}
notion token | ntn_ | [A-Za-z0-9]{40,50}
notion token | secret_ | [A-Za-z0-9]{43}
linear key | lin_api_ lin_oauth_ lin_wh_ | [A-Za-z0-9]{40,64}
figma token | figd_ figu_ figo_ figh_ figor_ | [\w-]{38,50}
asana token | 1/ 2/ | \d{10,20}(?:/\d{10,20})?:[0-9a-f]{32}
dropbox token | sl. sl.u. | [\w-]{60,1500}
typeform token | tfp_ | [\w.-]{40,70}[\w-]
cal.com key | cal_live_ cal_ | [0-9a-f]{32}
contentful token | CFPAT- | [\w-]{43}
shopify token | shpat_ shpca_ shppa_ shpss_ shptka_ shpua_ | [0-9a-fA-F]{32}
stripe key | sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_ | [A-Za-z0-9]{16,250}
webhook secret | whsec_ | [A-Za-z0-9+/]{24,64}={0,2}
square token | sq0atp- sq0csp- sq0idp- | [\w-]{22,43}
square token | EAAAE EAAAl | [\w-]{59}
paypal token | access_token$production$ access_token$sandbox$ | [a-z0-9]{16}\$[0-9a-f]{32}
adyen key | AQE | [A-Za-z0-9+/]{5,20}hmf[A-Za-z0-9+/=]{40,150}(?:-[A-Za-z0-9+/=]{30,60})?
plaid token | access-production- access-sandbox- | [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
plaid token | access-development- | [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
razorpay key | rzp_live_ rzp_test_ | [A-Za-z0-9]{14,24}
flutterwave key | FLWSECK- FLWSECK_TEST- FLWSECK_LIVE- | [0-9a-f]{12,32}(?:-X|X)?
mollie key | live_ test_ | [A-Za-z0-9]{30}
gocardless token | live_ sandbox_ | [\w-]{40}
lob key | live_ test_ | [0-9a-f]{35}
paddle key | pdl_live_apikey_ pdl_sdbx_apikey_ | [a-z0-9]{26}_[A-Za-z0-9]{22}_[A-Za-z0-9]{3}
polar token | polar_oat_ polar_pat_ polar_cs_ | [A-Za-z0-9]{40,50}
easypost key | EZAK EZTK | [A-Za-z0-9]{54}
shippo token | shippo_live_ shippo_test_ | [0-9a-f]{40}
duffel token | duffel_live_ duffel_test_ | [\w=-]{43}
alchemy token | alcht_ | [A-Za-z0-9]{30}
sentry token | sntrys_ | eyJ[\w+/=-]{60,400}
sentry token | sntryu_ sntrya_ sntryi_ | [0-9a-f]{64}
new relic key | NRAK- NRAA- NRRA- NRIQ- NRSP- | [\w-]{27,42}
new relic key | NRII- | [\w-]{32}
new relic key | NRJS- | [0-9a-f]{19}
new relic key | [0-9a-f]{36}^NRAL |
grafana token | glsa_ | [A-Za-z0-9]{32}_[0-9A-Fa-f]{8}
grafana token | glc_ | [A-Za-z0-9+/]{32,400}={0,3}
grafana key | eyJrIjoi | [A-Za-z0-9+/]{60,400}={0,3}
honeycomb key | hcaik_ hcbik_ hcxik_ hcamk_ hcalk_ | [A-Za-z0-9]{40,64}
dynatrace token | dt0c01. dt0s01. dt0s02. dt0s16. dt0s08. | [A-Z0-9]{8,24}\.[A-Z0-9]{64}
posthog key | phx_ phs_ | [A-Za-z0-9_]{40,50}
pagerduty key | pdus+ pdeu+ | [\w+-]{18,40}
launchdarkly key | sdk- api- mob- | [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}
statsig key | secret- console- | [A-Za-z0-9]{40,50}
flagsmith key | ser. | [A-Za-z0-9]{22}
unleash token | *:production. *:development. default:production. default:development. | [0-9a-f]{40,60}
prefect key | pnu_ pnb_ | [A-Za-z0-9]{36}
dbt token | dbtu_ dbtc_ dbts_ | [\w=+/-]{30,60}
retool token | retool_01 | [a-z0-9]{24}
n8n key | n8n_api_ | [0-9a-f]{40,100}
inngest key | signkey-prod- signkey-test- signkey-branch- | [0-9a-f]{32,64}
trigger.dev key | tr_dev_ tr_prod_ tr_stg_ tr_pat_ | [A-Za-z0-9]{20,40}
stytch secret | secret-live- secret-test- | [\w=-]{36}
readme key | rdme_ | [a-z0-9]{70}
postman key | PMAK- | [0-9a-f]{24}-[0-9a-f]{34}
apify token | apify_api_ | [A-Za-z0-9]{36}
mapbox token | sk. | eyJ[\w-]{50,100}\.[\w-]{22}
facebook token | EAA | [A-Za-z0-9]{100,300}
instagram token | IGQV IGAA | [\w-]{80,250}
twitter bearer token | AAAAAAAAAAAAAAAAAAAAA | [A-Za-z0-9%]{50,120}
linkedin secret | WPL_AP1. | [A-Za-z0-9]{16}\.[A-Za-z0-9+/]{6,10}={0,2}
adafruit key | aio_ | [A-Za-z0-9]{28}
beamer key | b_ | [A-Za-z0-9=_-]{44}
frame.io token | fio-u- | [\w=-]{64}
lichess token | lip_ | [A-Za-z0-9]{20}
localstack token | ls- | [a-zA-Z]{4}[A-Z][\w-]{4,8}-\d{4}-[\w-]{4,10}-[\w-]{4,10}
maxmind key | [A-Za-z0-9]{6}_[A-Za-z0-9]{29}^_mmk |
nylas key | nyk_v0_ | [A-Za-z0-9]{60,70}
openshift token | sha256~ | [\w-]{43}
scalingo token | tk-us- | [\w-]{48}
settlemint token | sm_pat_ sm_aat_ sm_sat_ | [A-Za-z0-9]{16,50}
vk token | vk1.a. | [\w-]{80,250}
zuplo key | zpka_ | [0-9a-z]{32}_[0-9a-f]{8}
unkey key | unkey_ | [A-Za-z0-9]{22,40}
val town token | vtwn_ | [A-Za-z0-9]{26,40}
wakatime key | waka_ | [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
harness token | pat. | [\w-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}
octopus key | API- | [A-Z0-9]{26,32}
chromatic token | chpt_ | [A-Za-z0-9]{14,20}
kit key | kit_ | [0-9a-f]{32}
rootly token | rootly_ | [0-9a-f]{64}
firehydrant token | fhb- | [0-9a-f]{32}
checkly key | cu_ | [0-9a-f]{32}
thunderstore token | tss_ | [A-Za-z0-9]{36,60}
depot token | depot_org_ depot_project_ depot_ | [0-9a-f]{64}
endor token | endr+ | [A-Za-z0-9-]{16}
socket key | sktsec_ | [\w-]{40,60}_api
appwrite key | standard_ | [0-9a-f]{128,256}
dub key | dub_ | [A-Za-z0-9]{24}
svix key | testsk_ sk_ | [A-Za-z0-9_-]{28,40}\.(?:us|eu|ca|au)
github copilot token | tid= | [0-9a-f]{32};exp=\d+[^\s"'`|]{20,600}
apollo graph key | service: user: | [\w.-]{2,40}:[\w-]{22}
jotform key | jf_ | [0-9a-f]{32}
sendbird token | sb_live_ | [0-9a-f]{40}
seam key | seam_ | [A-Za-z0-9]{4,12}_[A-Za-z0-9]{24,40}
scale key | live_ test_ | [0-9a-f]{32}
knock key | sk_ | [\w-]{43}
dependency-track key | odt_ | [A-Za-z0-9]{32,48}
mergify key | mka_ | [\w-]{40,80}
raycast token | rca_ | [0-9a-f]{64}
persona key | persona_sandbox_ persona_production_ | [0-9a-f-]{36}
telnyx key | KEY0 | [0-9A-F]{30}_[A-Za-z0-9]{22}
rapidapi key | [a-z0-9]{10}^msh | [a-z0-9]{17}jsn[a-z0-9]{12}
json web token | eyJ | [\w-]{10,2000}\.eyJ[\w-]{10,8000}\.[\w-]{20,1500}
shared access signature | [?&;]^sig= | [A-Za-z0-9%+/]{40,90}(?:%3D|=)?
azure storage key | AccountKey= SharedAccessKey= | [A-Za-z0-9+/]{40,88}={0,2}
"""
