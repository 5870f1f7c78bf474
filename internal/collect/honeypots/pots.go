package honeypots

// A pot is how one honeypot writes its lines: which field says what. A field is named by its
// path; a list on the way has as many values as elements. A condition is a field that has a
// value, or field=value, or field=beginning*.
type pot struct {
	name string
	has  []string // conditions that its lines alone meet, all of them
	skip []string // one of these: the line tells of nothing that anybody did

	at     []string // when; the first that is there
	from   []string // the address of who came, perhaps with its port
	port   []string // that was spoken to
	usual  string   // where no field says so, such as 25/tcp
	over   string   // tcp or udp
	speaks []string // protocol; the first that is there
	spoken string   // where no field says so

	tries    []string // one of these: a login was tried
	names    []string // as whom
	commands []string // what was run
	sent     []string // what else was said or asked for
	attack   string   // what kind of attack it is taken for; see plain
	fetched  []string // URLs that files came from
	malware  []string // digests of files that were fetched
	left     []string // digests of files that were sent
}

// plain are attacks that are none: what each visitor asks for.
func plain() []string { return []string{"", "index", "unknown", "Scan"} }

// pots is every honeypot whose lines are read. Those of T-Pot are in the form in which it has
// them write. The first whose conditions are met counts.
func pots() []pot {
	return []pot{
		{name: "adbhoney", has: []string{"eventid=adbhoney*", "src_ip"}, skip: []string{"eventid=adbhoney.session.closed", "eventid=adbhoneypot.session.closed"},
			at: []string{"timestamp"}, from: []string{"src_ip"}, port: []string{"dst_port", "dest_port"}, spoken: "adb",
			commands: []string{"input"}, left: []string{"shasum"}},
		{name: "elasticpot", has: []string{"eventid=elasticpot.*", "src_ip"},
			at: []string{"timestamp"}, from: []string{"src_ip"}, port: []string{"dst_port", "dest_port"}, spoken: "elasticsearch",
			sent: []string{"request", "url", "payload", "user_agent"}, attack: "message"},
		{name: "ipphoney", has: []string{"eventid=ipphoney.*", "src_ip"},
			at: []string{"timestamp"}, from: []string{"src_ip"}, port: []string{"dst_port", "dest_port"}, spoken: "ipp",
			sent: []string{"request", "url", "operation", "user_agent"}},
		{name: "dionaea", has: []string{"connection.protocol", "connection.type", "src_ip"}, skip: []string{"connection.type=listen", "connection.type=connect"},
			at: []string{"timestamp"}, from: []string{"src_ip"}, port: []string{"dst_port"}, over: "connection.transport", speaks: []string{"connection.protocol"},
			tries: []string{"credentials"}, names: []string{"credentials.username"}, sent: []string{"ftp.commands.command"}},
		{name: "honeytrap", has: []string{"attack_connection.remote_ip"},
			at: []string{"timestamp", "@timestamp", "start_time"}, from: []string{"attack_connection.remote_ip"}, port: []string{"attack_connection.local_port"}, over: "attack_connection.protocol",
			sent:    []string{"attack_connection.payload.data_hex"},
			fetched: []string{"downloads.uri"}, malware: []string{"downloads.payload.sha512_hash", "downloads.payload.md5_hash"}},
		{name: "conpot", has: []string{"sensorid", "data_type", "src_ip", "dst_port"},
			at: []string{"timestamp"}, from: []string{"src_ip"}, port: []string{"dst_port"}, speaks: []string{"data_type"},
			sent: []string{"request"}},
		{name: "mailoney", has: []string{"event.type", "listener.name", "src_ip"}, // since 2026
			at: []string{"timestamp", "session_start"}, from: []string{"src_ip"}, port: []string{"dest_port", "listener.port"}, spoken: "smtp",
			tries: []string{"event.type=auth"}, names: []string{"auth.username"}, sent: []string{"smtp_input", "mail.subject"}, left: []string{"attachment.sha256"}},
		{name: "mailoney", has: []string{"timestamp", "src_ip", "src_port", "data=*", "smtp_input=*"},
			at: []string{"timestamp"}, from: []string{"src_ip"}, usual: "25/tcp", spoken: "smtp",
			tries: []string{"data=AUTH *"}, sent: []string{"data"}},
		{name: "tanner", has: []string{"peer.ip", "method", "path", "uuid"},
			at: []string{"timestamp"}, from: []string{"peer.ip"}, usual: "80/tcp", spoken: "http",
			sent: []string{"method", "path", "headers.user-agent"}, attack: "response_msg.response.message.detection.name"},
		{name: "heralding", has: []string{"session_id", "num_auth_attempts", "source_ip"}, skip: []string{"session_ended=false"},
			at: []string{"timestamp"}, from: []string{"source_ip"}, port: []string{"destination_port"}, speaks: []string{"protocol"},
			tries: []string{"auth_attempts"}, names: []string{"auth_attempts.username"}, sent: []string{"auxiliary_data.client_version"}},
		{name: "redishoneypot", has: []string{"protocol=redis", "event", "session_id", "src_ip"}, skip: []string{"event=close"}, // since 2026
			at: []string{"timestamp"}, from: []string{"src_ip"}, port: []string{"dest_port"}, spoken: "redis",
			tries: []string{"command=AUTH"}, names: []string{"auth_username"}, sent: []string{"command", "args_text"}},
		{name: "redishoneypot", has: []string{"addr", "action", "time"}, skip: []string{"action=Closed"},
			at: []string{"time"}, from: []string{"addr"}, usual: "6379/tcp", spoken: "redis",
			tries: []string{"action=auth *", "action=AUTH *"}, sent: []string{"action"}},
		{name: "sentrypeer", has: []string{"app_name=sentrypeer", "source_ip"},
			at: []string{"event_timestamp"}, from: []string{"source_ip"}, usual: "5060/udp", over: "transport_type", spoken: "sip",
			sent: []string{"sip_method", "called_number", "sip_user_agent"}},
		{name: "honeypots", has: []string{"server", "action", "src_ip", "dest_ip", "dest_port"}, skip: []string{"action=process"},
			at: []string{"timestamp"}, from: []string{"src_ip"}, port: []string{"dest_port"}, speaks: []string{"server"},
			tries: []string{"action=login"}, names: []string{"username"}, sent: []string{"data.method", "data.uri", "data.User-Agent", "data.cmd", "data.command"}},
		{name: "opencanary", has: []string{"logtype", "node_id", "src_host=*", "utc_time"}, skip: []string{"src_host="}, // of itself
			at: []string{"utc_time"}, from: []string{"src_host"}, port: []string{"dst_port"},
			tries: []string{"logdata.USERNAME=*", "logdata.PASSWORD=*"}, names: []string{"logdata.USERNAME"}, sent: []string{"logdata.PATH", "logdata.USERAGENT", "logdata.CMD"}},
	}
}
