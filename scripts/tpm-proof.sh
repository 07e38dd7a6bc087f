#!/usr/bin/env bash
# A device with a real TPM 2.0 (in software: swtpm) registers at the built service with nothing but tpm2-tools and Node: it activates
# the challenge, signs its token inside the TPM, is assigned, activates the key for its hub and writes to its twin there with it.
# Needs swtpm and tpm2-tools, and a build (node scripts/build.mjs api). Everything is in a temporary directory; nothing is left.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Ends by itself whatever hangs; the signal reaches everything started here.
readonly LIMIT_S=180
[ "${TPM_PROOF_BOUNDED:-}" = 1 ] || TPM_PROOF_BOUNDED=1 exec timeout --kill-after=20 "$LIMIT_S" "scripts/$(basename "$0")"

readonly EK=0x81010001 SRK=0x81000001 IDENTITY=0x81000100
readonly START_ATTEMPTS_MAX=300 POLLS_MAX=100
for program in swtpm tpm2_createek; do
  command -v "$program" >/dev/null || { echo "$program is missing: apt-get install swtpm tpm2-tools" >&2; exit 2; }
done
[ -f dist/apps/api/main.js ] || { echo 'not built: node scripts/build.mjs api' >&2; exit 2; }

dir=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
fail() {
  echo "FAILED: $*" >&2
  tail -n 20 "$dir/service.log" >&2 || true
  exit 1
}
step() { printf -- '-- %s\n' "$*"; }
wire() { node scripts/tpm/wire.mjs "$@"; }
field() { wire field "$1" <<<"$2"; }
# Waits for a file that a process makes when it answers.
until_there() {
  for _ in $(seq "$START_ATTEMPTS_MAX"); do
    [ -e "$1" ] && return
    kill -0 "$2" 2>/dev/null || break
    sleep 0.1
  done
  fail "$1 did not appear"
}
encoded() { sed -e 's/+/%2B/g' -e 's,/,%2F,g' -e 's/=/%3D/g'; }

step 'the service and the TPM start'
mkdir "$dir/tpm"
swtpm socket --tpm2 --tpmstate "dir=$dir/tpm" --server "type=unixio,path=$dir/sock" --ctrl "type=unixio,path=$dir/sock.ctrl" \
  --flags not-need-init,startup-clear >"$dir/swtpm.log" 2>&1 &
pids+=($!)
REHOME_DATA_DIR=$dir/data REHOME_HTTPS_PORT=0 REHOME_MQTT_PORT=0 REHOME_AMQP_PORT=0 REHOME_RETRY_AFTER_S=0 \
  node --disable-warning=ExperimentalWarning dist/apps/api/main.js >"$dir/service.log" 2>&1 &
pids+=($!)
export TPM2TOOLS_TCTI=swtpm:path=$dir/sock
until_there "$dir/sock" "${pids[0]}"

step 'its endorsement key and its storage root key, where device clients have them'
tpm2_createek -Q -c "$EK" -G rsa -u "$dir/ek.pub" -f tss
tpm2_createprimary -Q -C o -g sha256 -G rsa2048:aes128cfb -c "$dir/srk.ctx" \
  -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt'
tpm2_evictcontrol -Q -C o -c "$dir/srk.ctx" "$SRK"
tpm2_readpublic -Q -c "$SRK" -f tss -o "$dir/srk.pub"
tpm2_flushcontext -Q -t
ek=$(base64 -w0 "$dir/ek.pub")
srk=$(base64 -w0 "$dir/srk.pub")
id=tpm-$(sha256sum "$dir/ek.pub" | cut -c1-16)

until_there "$dir/data/client.env" "${pids[1]}"
# shellcheck disable=SC1091
source "$dir/data/client.env"
host=$IOT_PROVISIONING_DEVICE_ENDPOINT
resource=$IOT_PROVISIONING_DEVICE_IDSCOPE/registrations/$id

# Puts the key of a blob into the TPM as its identity key, in the place of an earlier one.
activate() {
  local blob=$dir/blob
  rm -rf "$blob" && mkdir "$blob"
  wire split "$blob" <<<"$1"
  tpm2_startauthsession -Q --policy-session -S "$blob/session"
  tpm2_policysecret -Q -S "$blob/session" -c e
  tpm2_activatecredential -Q -c "$SRK" -C "$EK" -i "$blob/credential.blob" -o "$blob/inner" -P "session:$blob/session"
  tpm2_flushcontext -Q "$blob/session"
  tpm2_import -Q -C "$SRK" -i "$blob/duplicate.priv" -u "$blob/key.pub" -r "$blob/key.priv" -k "$blob/inner" \
    -s "$blob/duplicate.seed"
  tpm2_load -Q -C "$SRK" -u "$blob/key.pub" -r "$blob/key.priv" -c "$blob/key.ctx"
  tpm2_evictcontrol -Q -C o -c "$IDENTITY" >/dev/null 2>&1 || true
  tpm2_evictcontrol -Q -C o -c "$blob/key.ctx" "$IDENTITY"
  tpm2_flushcontext -Q -t
}

# A SAS token for a resource, signed inside the TPM.
token() {
  local sr se sig
  sr=$(encoded <<<"$1")
  se=$(($(date +%s) + 3600))
  printf '%s\n%s' "$sr" "$se" >"$dir/message"
  tpm2_hmac -Q -c "$IDENTITY" -g sha256 -o "$dir/signature" "$dir/message"
  sig=$(base64 -w0 "$dir/signature" | encoded)
  printf 'SharedAccessSignature sr=%s&sig=%s&se=%s%s' "$sr" "$sig" "$se" "${2:+&skn=$2}"
}

step "enrollment of $id"
enrollment="{\"registrationId\":\"$id\",\"attestation\":{\"type\":\"tpm\",\"tpm\":{\"endorsementKey\":\"$ek\"}}}"
answer=$(wire request PUT "$host" "/enrollments/$id?api-version=2021-10-01" "Bearer $REHOME_API_TOKEN" "$enrollment")
[ "$(field status "$answer")" = 200 ] || fail "enrollment: $answer"

step 'the challenge'
body="{\"registrationId\":\"$id\",\"tpm\":{\"endorsementKey\":\"$ek\",\"storageRootKey\":\"$srk\"}}"
register="/$resource/register?api-version=2019-03-31"
answer=$(wire request PUT "$host" "$register" - "$body")
[ "$(field status "$answer")" = 401 ] || fail "challenge: $answer"
activate "$(field body.authenticationKey "$answer")"

step 'registration with a token signed in the TPM'
authorization=$(token "$resource" registration)
answer=$(wire request PUT "$host" "$register" "$authorization" "$body")
[ "$(field status "$answer")" = 202 ] || fail "registration: $answer"
operation="/$resource/operations/$(field body.operationId "$answer")?api-version=2019-03-31"
for _ in $(seq "$POLLS_MAX"); do
  [ "$(field body.status "$answer")" = assigning ] || break
  sleep 0.2
  answer=$(wire request GET "$host" "$operation" "$authorization" '{}')
done
[ "$(field body.status "$answer")" = assigned ] || fail "registration: $answer"
hub=$(field body.registrationState.assignedHub "$answer")
device=$(field body.registrationState.deviceId "$answer")
activate "$(field body.registrationState.tpm.authenticationKey "$answer")"

step "life at $hub with the second key"
twin="/devices/$device/properties/reported?api-version=2021-04-12"
answer=$(wire request PATCH "$hub" "$twin" "$(token "$hub/devices/$device")" '{"provenBy":"tpm"}')
[ "$(field status "$answer")" -lt 300 ] || fail "twin: $answer"

step 'the key for the hub does not register'
answer=$(wire request PUT "$host" "$register" "$(token "$resource" registration)" "$body")
[ "$(field status "$answer")" = 401 ] && [ "$(field body.errorCode "$answer")" = 401002 ] || fail "second key: $answer"
echo 'TPM: ok'
