package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect/collecttest"
)

// mailOf is a message that says something.
func mailOf(says string) string {
	return fmt.Sprintf("From: Jo Doe <jo@a.example>\r\nTo: soc@b.example\r\nSubject: Note\r\nDate: %s\r\nMessage-ID: <%d@a.example>\r\n\r\n%s\r\n",
		time.Now().UTC().Format(time.RFC1123Z), time.Now().UnixNano(), says)
}

func TestAMailIsARowOfAProfileWhileServeRuns(t *testing.T) {
	d := collecttest.NewDovecot(t, "")
	password := file(t, "password", []byte(d.Password))
	maildir := fmt.Sprintf("connector = 'mailbox'\npath = %q\nevery = '10s'\nreliability = 'B'\n", d.Maildir)
	server := fmt.Sprintf("connector = 'mailbox'\nhost = '127.0.0.1'\nport = %[1]d\nuser = %[2]q\npassword = %[3]q\nca = %[4]q\nallow = ['127.0.0.0/8']\nports = [%[1]d]\nreliability = 'B'\n",
		d.Port, d.User, "file:"+password, d.CA)
	for name, entry := range map[string]string{"server": server, "maildir": maildir} {
		t.Run(name, func(t *testing.T) {
			sources := file(t, "sources.toml", fmt.Appendf(nil, "[soc-mail]\n%s", entry))
			comes := time.AfterFunc(time.Second, func() {
				d.Deliver(t, "", mailOf("Cold Lynx used 45.134.21.8 as its command and control server."))
			})
			defer comes.Stop()
			served(t, newStore(t), sources, "45.134.21.8", "actor:cold-lynx")
		})
	}
}
