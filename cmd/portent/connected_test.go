package main

import "testing"

func TestWhatAProgramPrintsIsARowOfAProfileWhileServeRuns(t *testing.T) {
	db := newStore(t)
	sources := file(t, "sources.toml", []byte(`
[lab]
connector = "command"
run = ["sh", "-c", "echo '{\"text\":\"Cold Lynx used 45.134.21.8 as its command and control server.\"}'; sleep 60"]
live = true
reliability = "B"
`))
	served(t, db, sources, "45.134.21.8", "actor:cold-lynx")
}
