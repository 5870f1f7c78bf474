package extract

import "strings"

// Reasons why a key of the registry is no indicator.
const (
	deletedKey = "key that a command deletes"
	guardKey   = "key of what guards the system"
	systemKey  = "key that every system has"
)

// notOwnKey is the reason why a key is none that an intruder brings: it is
// deleted, belongs to what guards the system and is switched off, or stands in
// every registry, and only a value below it tells anything.
func (v *values) notOwnKey(from int, key string) string {
	line := v.text[max(0, from-24):from]
	line = strings.ToLower(strings.TrimRight(line[strings.LastIndexByte(line, '\n')+1:], " \"'`"))
	words := strings.Fields(line)
	if n := len(words); n > 1 && (words[n-2] == "reg" || strings.HasSuffix(words[n-2], "reg.exe")) || n == 1 && strings.HasPrefix(words[0], "remove-item") {
		switch words[n-1] {
		case "delete", "remove-item":
			return deletedKey
		}
	}
	key = strings.TrimRight(strings.ToLower(strings.ReplaceAll(key, `\\`, `\`)), `\`)
	switch {
	case guards(key):
		return guardKey
	case everySystem(key):
		return systemKey
	}
	return ""
}

// guards reports whether a key is of the protection that Windows comes with.
func guards(key string) bool {
	for part := range strings.SplitSeq(key, `\`) { // whole names: malware calls itself nearly so
		switch part {
		case "windows defender", "windefend", "wdboot", "wdfilter", "wdnisdrv", "wdnissvc", "securityhealth", "securityhealthservice", "defenderapilogger", "defenderauditlogger":
			return true
		}
	}
	return false
}

// everySystem reports whether a key as such is in the registry of every Windows:
// where programs that start by themselves are listed, and settings of the system.
func everySystem(key string) bool {
	_, key, _ = strings.Cut(key, `\`)
	for _, hive := range []string{`software\wow6432node\`, `software\`, `system\currentcontrolset\`, `system\controlset001\`} {
		if below, ok := strings.CutPrefix(key, hive); ok {
			key = below
			break
		}
	}
	switch strings.TrimPrefix(key, `microsoft\windows\`) {
	case `currentversion`, `currentversion\run`, `currentversion\runonce`, `currentversion\runservices`, `currentversion\policies\explorer\run`, `currentversion\policies\system`, `currentversion\explorer`,
		`currentversion\explorer\startupapproved\run`, `currentversion\internet settings`, `currentversion\ext`, `currentversion\uninstall`:
		return true
	}
	switch key {
	case `microsoft\office`,
		`microsoft\cryptography`, `control\lsa`, `control\safeboot`, `control\session manager`, `control\terminal server`, `services`, `services\lanmanserver\parameters`:
		return true
	}
	return false
}
