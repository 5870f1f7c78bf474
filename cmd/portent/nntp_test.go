package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect/collecttest"
)

func TestAnArticleOfANewsgroupIsARowOfAProfileWhileServeRuns(t *testing.T) {
	n := collecttest.NewINN(t, collecttest.NewAuthority(t))
	n.Take(t, "<1@a.example>", fmt.Sprintf("Path: news.example.net!not-for-mail\nFrom: Jo Doe <jo@a.example>\nNewsgroups: example.security\nSubject: Note\nDate: %s\nMessage-ID: <1@a.example>\n\nCold Lynx used 45.134.21.8 as its command and control server.\n",
		time.Now().UTC().Format(time.RFC1123Z)))
	sources := file(t, "sources.toml", fmt.Appendf(nil, "[news]\nconnector = 'nntp'\nserver = '127.0.0.1'\nport = %[1]d\ngroups = ['example.security']\nuser = %[2]q\npassword = %[3]q\nca = %[4]q\nallow = ['127.0.0.0/8']\nports = [%[1]d]\nreliability = 'B'\n",
		n.Port, n.User, "file:"+file(t, "password", []byte(n.Password)), n.CA))
	served(t, newStore(t), sources, "45.134.21.8", "actor:cold-lynx")
}
