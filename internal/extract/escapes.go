package extract

import "strings"

// Text inside JSON and in literals of programs has its line breaks, tabs and slashes
// behind a backslash, which stands in paths of Windows too.

// unescaped is a run without the escapes of its slashes and signs; "" where it has
// none, or what else a backslash stands for.
func unescaped(run string) string {
	if !strings.Contains(run, `\/`) && !strings.Contains(run, `\u00`) {
		return ""
	}
	whole := jsonText(run)
	if strings.IndexByte(whole, '\\') >= 0 {
		return ""
	}
	return whole
}

// jsonText takes the escapes of JSON (RFC 8259) out of what stands in a run: those of
// slashes and of ASCII.
func jsonText(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && s[i+1] == '/' {
			continue
		}
		if strings.HasPrefix(s[i:], `\u00`) && len(s) >= i+6 && isHex(s[i+4:i+6]) {
			if c := fromHex(s[i+4])<<4 | fromHex(s[i+5]); c > ' ' && c < 0x7f {
				b.WriteByte(c)
				i += 5
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// fromHex is the value of a hexadecimal digit.
func fromHex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// lines reads what stands between escaped line breaks and tabs, if a part is a value
// that no name in a path looks like. It reports whether it did.
func (v *values) lines(from, to int) bool {
	if run := v.text[from:to]; rootLength(run) > 0 || registryRoot(run) || !v.breaks(from, to) {
		return false
	}
	for begin := from; begin < to; {
		end, next := v.nextBreak(begin, to)
		if has := classOf(v.text[begin:end]); worth(has, end-begin) {
			v.candidate(begin, end, has)
		}
		begin = next
	}
	return true
}

// breaks reports whether the letters behind backslashes in a run are escapes.
func (v *values) breaks(from, to int) bool {
	end, next := v.nextBreak(from, to)
	if end == to {
		return false
	}
	if head := v.text[from:end]; strong(plain(head, classOf(head))) || len(head) > 2 && strings.IndexByte(":;!?)>}", head[len(head)-1]) >= 0 {
		return true
	}
	for many := false; next < to; many = true {
		begin := next
		end, next = v.nextBreak(begin, to)
		part := v.text[begin:end]
		if p := plain(part, classOf(part)); strong(p) && (many || next < to || p != part || !strings.HasSuffix(p, ".com")) { // `system32\tree.com`
			return true
		}
	}
	return false
}

// nextBreak returns where the next escaped line break or tab stands, and what is
// behind it.
func (v *values) nextBreak(from, to int) (at, behind int) {
	for at = from; at < to; at++ {
		if v.text[at] != '\\' {
			continue
		}
		behind = at
		for behind < to && v.text[behind] == '\\' {
			behind++
		}
		if behind < to && strings.IndexByte("nrt", v.text[behind]) >= 0 {
			return at, behind + 1
		}
		at = behind - 1
	}
	return to, to
}
