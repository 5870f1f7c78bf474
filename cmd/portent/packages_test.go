package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestARecordOfOSVIsARowOfAProfileWhileServeRuns(t *testing.T) {
	changed := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	address, port := portOf(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/npm/modified_id.csv") {
			io.WriteString(w, changed+",MAL-2026-1\n")
			return
		}
		fmt.Fprintf(w, `{"id":"MAL-2026-1","summary":"Malicious code in examp1e (npm)","details":"It talks to a server.","modified":%q,"published":%q,"database_specific":{"iocs":{"ips":["45.134.21.8"]}},"affected":[{"package":{"ecosystem":"npm","name":"examp1e"}}],"schema_version":"1.7.4"}`, changed, changed)
	})
	sources := file(t, "sources.toml", fmt.Appendf(nil, "[packages]\nconnector = 'osv'\necosystem = 'npm'\nexport = '%s'\nallow = ['127.0.0.0/8']\nports = [%s]\n", address, port))
	labelled(t, sources, "Malicious Package")
}

func TestAVisitToAHoneypotIsARowWhileServeRuns(t *testing.T) {
	log := file(t, "conpot.json", fmt.Appendf(nil, `{"timestamp":%q,"sensorid":"default","id":"1","src_ip":"45.134.21.8","src_port":40000,"dst_ip":"10.0.0.9","dst_port":102,"public_ip":null,"data_type":"s7comm","request":null,"response":null,"event_type":"NEW_CONNECTION"}`+"\n", time.Now().UTC().Format("2006-01-02T15:04:05.000000")))
	sources := file(t, "sources.toml", fmt.Appendf(nil, "[plc]\nconnector = 'honeypots'\npath = '%s*'\nlive = true\n", log))
	labelled(t, sources, "Scanner")
}

// labelled runs serve until the page of an address tells a label of it.
func labelled(t *testing.T, sources, label string) {
	t.Helper()
	address, stop := serving(t, newStore(t), sources)
	defer stop()
	until(t, 90*time.Second, func() bool { return shows(t, address+"/indicator/ipv4/45.134.21.8", label) })
}
