package extract

import "strings"

// longestSignature is how many bytes before the end of a text its signature may
// begin.
const longestSignature = 2048

// signature returns where the signature of a message begins, or a place behind the
// text: behind dashes (RFC 3676 4.3), of which in mail the blank behind may be
// missing, or behind words that close a letter, with few short lines to the end.
func signature(text string, mail bool) int {
	begin := max(0, len(text)-longestSignature)
	for _, line := range []string{"\n-- \n", "\n--\n"} { // the blank is often lost
		if i := strings.LastIndex(text[begin:], line); i >= 0 && (mail || line == "\n-- \n") {
			return begin + i
		}
	}
	const mostLines, longestLine = 10, 100
	end := len(text)
	for range mostLines {
		i := strings.LastIndexByte(text[begin:end], '\n')
		if i < 0 && begin > 0 {
			break
		}
		line := strings.TrimSpace(text[begin+i+1 : end])
		if closes(line, mail) {
			return begin + i + 1
		}
		if len(line) > longestLine || i < 0 {
			break
		}
		end = begin + i
	}
	return len(text) + 1
}

// closes reports whether a line closes a letter.
func closes(line string, mail bool) bool {
	switch strings.ToLower(strings.TrimRight(line, ",.! ")) {
	case "best regards", "kind regards", "warm regards", "with kind regards", "sincerely", "yours sincerely", "mit freundlichen grüßen", "mit freundlichen grüssen", "viele grüße", "freundliche grüße", "cordialement", "bien cordialement", "atentamente", "saludos cordiales", "un saludo",
		"cordiali saluti", "atenciosamente", "с уважением", "з повагою", "saygılarımla", "此致敬礼", "よろしくお願いいたします", "감사합니다", "با احترام", "مع أطيب التحيات":
		return true
	case "regards", "thanks", "thank you", "many thanks", "cheers", "best", "br", "saludos", "gruß", "grüße", "merci", "grazie", "obrigado", "спасибо":
		return mail
	}
	return false
}
