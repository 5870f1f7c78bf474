package collecttest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// InspIRCd starts InspIRCd with TLS at a port. Its channels remember what was said in them
// while somebody is there, and tell it who comes; services of Atheme, if they are started,
// know accounts.
func InspIRCd(t testing.TB, a Authority, port, services int) IRCServer {
	t.Helper()
	program := Program(t, "inspircd")
	dir := PublicDir(t)
	conf := fmt.Sprintf(`<server name="irc.example.net" description="of a test" network="Example">
<admin name="a" nick="a" email="a@example.net">
<path datadir="%[1]s" logdir="%[1]s" runtimedir="%[1]s">
<pid file="%[1]s/pid">
<dns server="127.0.0.1" timeout="1">
<connect allow="*" timeout="60" threshold="1000" commandrate="100000" fakelag="no" localmax="100" globalmax="100" resolvehostnames="no" useident="no" modes="">
<module name="cap"><module name="ircv3"><module name="ircv3_batch"><module name="ircv3_servertime"><module name="ircv3_msgid"><module name="ircv3_ctctags">
<module name="chanhistory"><chanhistory maxlines="100" bots="yes" enableumode="no">
<module name="services_account"><module name="sasl"><module name="spanningtree">
<module name="ssl_gnutls">
<sslprofile name="own" provider="gnutls" certfile="%[2]s" keyfile="%[3]s" hash="sha256">
<bind address="127.0.0.1" port="%[4]d" type="clients" sslprofile="own">
<bind address="127.0.0.1" port="%[5]d" type="servers">
<link name="services.example.net" ipaddr="127.0.0.1" port="%[5]d" allowmask="127.0.0.0/8" sendpass="linked" recvpass="linked">
<uline server="services.example.net" silent="yes">
<sasl target="services.example.net">
<log method="stderr" type="* -USERINPUT -USEROUTPUT" level="default">
`, dir, a.Cert, a.Key, port, services)
	path := filepath.Join(dir, "inspircd.conf")
	if err := os.WriteFile(path, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	return IRCServer{a, port, Start(t, port, program, "--runasroot", "--nofork", "--nopid", "--config="+path)}
}

// Atheme starts services at the port for servers of InspIRCd.
func Atheme(t testing.TB, port int) {
	t.Helper()
	program := Program(t, "atheme-services")
	dir := PublicDir(t)
	if err := os.Chmod(dir, 0o777); err != nil { //nolint:gosec // a folder of a test, of another user
		t.Fatal(err)
	}
	conf := fmt.Sprintf(`loadmodule "modules/protocol/inspircd";
loadmodule "modules/backend/opensex";
loadmodule "modules/crypto/pbkdf2v2";
loadmodule "modules/nickserv/main";
loadmodule "modules/nickserv/register";
loadmodule "modules/saslserv/main";
loadmodule "modules/saslserv/plain";
serverinfo { name = "services.example.net"; desc = "services"; numeric = "00A"; recontime = 1; netname = "Example"; hidehostsuffix = "users"; adminname = "a"; adminemail = "a@example.net"; registeremail = "a@example.net"; mta = "/bin/true"; loglevel = { all; }; maxlogins = 20; maxusers = 0; maxnicks = 20; maxchans = 20; mdlimit = 30; emaillimit = 10; emailtime = 300; auth = none; casemapping = rfc1459; };
uplink "irc.example.net" { host = "127.0.0.1"; port = %d; send_password = "linked"; receive_password = "linked"; };
nickserv { nick = "NickServ"; user = "NickServ"; host = "services.example.net"; real = "s"; };
saslserv { nick = "SaslServ"; user = "SaslServ"; host = "services.example.net"; real = "s"; };
general { helpchan = "#help"; commit_interval = 5; uflags = { }; cflags = { }; };
`, port)
	path := filepath.Join(dir, "atheme.conf")
	if err := os.WriteFile(path, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{program, "-n", "-c", path, "-D", dir, "-l", filepath.Join(dir, "log"), "-p", filepath.Join(dir, "pid")}
	if os.Getuid() == 0 { // as which it does not run
		args = append([]string{"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"}, args...)
	}
	Start(t, port, args[0], args[1:]...)
}
