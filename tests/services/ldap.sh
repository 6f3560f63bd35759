#!/usr/bin/env bash
# OpenLDAP's slapd with people and groups, over LDAP with StartTLS and over LDAPS: see lib.sh. Further
# verbs:
#
#   ldap.sh hang DIR on|off     stop and continue it: it takes connections and says nothing
#   ldap.sh modify DIR < LDIF   changes, as its administrator
#
# People have the password NAME-pw: alice (groups admins, devs), bob (devs), carol (ops, which is in
# staff), and "dave (o'neil)", whose name and DN need escaping.

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=tests/services/lib.sh
source "$here/lib.sh"

base=dc=example,dc=test
admin=cn=admin,$base

print_env() {
  [ -s "$dir/env" ] || die "not started in $dir"
  cat "$dir/env"
}

slapd_pid() { pid_of "$dir/run/slapd.pid" "$dir/"; }
running() { slapd_pid > /dev/null || die "not running in $dir"; }
hash_of() { /usr/sbin/slappasswd -s "$1"; }

person() {
  cat << LDIF

dn: $1,ou=people,$base
objectClass: inetOrgPerson
cn: $3
uid: $2
givenName: ${2^}
sn: Example
mail: ${2%% *}@example.test
userPassword: $(hash_of "${2%% *}-pw")
LDIF
}

group() {
  printf '\ndn: cn=%s,ou=groups,%s\nobjectClass: groupOfNames\ncn: %s\n' "$1" "$base" "$1"
  shift
  printf 'member: %s\n' "$@"
}

entries() {
  cat << LDIF
dn: $base
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,$base
objectClass: organizationalUnit
ou: people

dn: ou=groups,$base
objectClass: organizationalUnit
ou: groups

dn: cn=reader,$base
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: reader
userPassword: $(hash_of reader-pw)
LDIF
  local name
  for name in alice bob carol; do person "uid=$name" "$name" "${name^} Example"; done
  person "cn=Dave (O'Neil)\\2C Jr." "dave (o'neil)" "Dave (O'Neil), Jr."
  group admins "uid=alice,ou=people,$base"
  group devs "uid=alice,ou=people,$base" "uid=bob,ou=people,$base" \
    "cn=Dave (O'Neil)\\2C Jr.,ou=people,$base"
  group ops "uid=carol,ou=people,$base"
  group staff "cn=ops,ou=groups,$base" "cn=staff,ou=groups,$base"
}

write_settings() {
  cat > "$dir/slapd.conf" << SETTINGS
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile $dir/run/slapd.pid
argsfile $dir/run/slapd.args
TLSCACertificateFile $dir/tls/ca.pem
TLSCertificateFile $dir/tls/server.pem
TLSCertificateKeyFile $dir/tls/server.key
database mdb
suffix "$base"
rootdn "$admin"
rootpw $(hash_of admin-pw)
directory $dir/db
maxsize 67108864
dbnosync
index objectClass,uid,mail,member eq
access to attrs=userPassword by anonymous auth by self write by * none
access to * by dn.exact="cn=reader,$base" read by users read by * none
SETTINGS
}

write_env() {
  cat > "$dir/env" << ENV
LDAP_URL=ldap://127.0.0.1:$1
LDAPS_URL=ldaps://127.0.0.1:$2
LDAP_CA_FILE='$dir/tls/ca.pem'
LDAP_PEOPLE=ou=people,$base
LDAP_GROUPS=ou=groups,$base
LDAP_BIND_DN=cn=reader,$base
LDAP_BIND_PASSWORD=reader-pw
ENV
}

modify() {
  running
  ldapmodify -x -H "ldap://127.0.0.1:$(cat "$dir/port")" -D "$admin" -w admin-pw "$@" > "$dir/log/modify.log" 2>&1 || {
    tail -n 5 "$dir/log/modify.log" >&2
    die "the directory refuses the change"
  }
}

start() {
  local port tls_port
  if ! slapd_pid > /dev/null; then
    need_program /usr/sbin/slapd slapd
    need_program /usr/bin/ldapmodify ldap-utils
    mkdir -p "$dir/run" "$dir/log"
    make_certificates "$dir/tls"
    port=$(kept_port "$dir/port")
    tls_port=$(kept_port "$dir/port.tls")
    write_settings
    # It detaches; stdout and stderr are let go of, for callers that wait for their end.
    mkdir -p "$dir/db"
    /usr/sbin/slapd -f "$dir/slapd.conf" -s 0 \
      -h "ldap://127.0.0.1:$port/ ldaps://127.0.0.1:$tls_port/" > "$dir/log/slapd.log" 2>&1 \
      < /dev/null || {
      cat "$dir/log/slapd.log" >&2
      die "slapd failed"
    }
    wait_for 10 port_open "$port" || die "slapd does not answer"
    if [ ! -s "$dir/loaded" ]; then
      entries > "$dir/entries.ldif"
      modify -a -f "$dir/entries.ldif"
      echo yes > "$dir/loaded"
    fi
    write_env "$port" "$tls_port"
  fi
  print_env
}

stop() {
  local pid
  if pid=$(slapd_pid); then kill -CONT "$pid"; fi
  end_pid "$dir/run/slapd.pid" "$dir/" INT 10
  rm -f "$dir/env"
}

clean() {
  stop
  rm -rf "$dir"/{db,run,log,tls,loaded,slapd.conf,entries.ldif,port,port.tls}
  rmdir "$dir" 2> /dev/null || true
}

hang() {
  running
  hang_process "$(slapd_pid)" "${1:-}"
}

verb=${1:-}
case $verb in
  start | stop | clean | env | hang | modify) dir=$(service_dir "${2:-}") ;;
  *) die "usage: ldap.sh start|stop|clean|env|hang|modify DIR" ;;
esac
case $verb in
  start) start ;;
  stop) stop ;;
  clean) clean ;;
  env) print_env ;;
  hang) hang "${3:-}" ;;
  modify) modify ;;
esac
