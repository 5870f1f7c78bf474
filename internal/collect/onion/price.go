package onion

import (
	"cmp"
	"regexp"
	"strings"
	"unicode"
)

var (
	// amounts are numbers, with thousands grouped or not, and how many thousands they are.
	amounts = regexp.MustCompile(`(?i)(\d{1,3}(?:[ '.,\x{a0}]\d{3})+\b(?:[.,]\d+)?|\d+(?:[.,]\d+)?)(?:(k|m)\b|\s?(mln|тыс|млн)\.?)?`)
	units   = regexp.MustCompile(`(?i)(?:US|A|C|HK|NZ|S)?\$|[€£¥₽₿฿₴元]|\b(?:USDT|USDC|USD|EUR|GBP|RUB|CNY|RMB|JPY|UAH|CHF|AUD|CAD|BTC|BCH|XMR|LTC|ETH|TON|SOL|TRX|DASH|ZEC)\b|руб`)
)

// currency is what a unit is called; ¥ is of two.
func currency(unit string) string {
	codes := map[string]string{"US$": "USD", "$": "USD", "A$": "AUD", "C$": "CAD", "HK$": "HKD", "NZ$": "NZD", "S$": "SGD", "€": "EUR", "£": "GBP", "¥": "CNY or JPY", "元": "CNY", "RMB": "CNY",
		"₽": "RUB", "руб": "RUB", "₴": "UAH", "₿": "BTC", "฿": "BTC"}
	if strings.EqualFold(unit, "руб") {
		unit = "руб"
	}
	unit = strings.ToUpper(unit)
	return cmp.Or(codes[unit], codes[strings.ToLower(unit)], unit)
}

// coin reports whether a currency is one of which parts are sold.
func coin(code string) bool {
	switch code {
	case "BTC", "BCH", "XMR", "LTC", "ETH", "TON", "SOL", "DASH", "ZEC":
		return true
	}
	return false
}

// price is the first price in a text, as an amount and the code of a currency; empty for none.
// Of two numbers beside a unit the nearer is its amount, and of two as near that behind a sign.
func price(text string) string {
	sums := amounts.FindAllStringSubmatchIndex(text, -1)
	for _, u := range units.FindAllStringIndex(text, -1) {
		best, least := []int(nil), 3
		for _, sum := range sums {
			from, to := sum[1], u[0]
			behind := sum[0] >= u[1]
			if behind {
				from, to = u[1], sum[0]
			}
			if from > to || to-from >= 3 || strings.TrimSpace(text[from:to]) != "" {
				continue
			}
			sign := strings.ContainsAny(text[u[0]:u[1]], "$€£¥₽₿฿₴")
			if gap := to - from; gap < least || gap == least && behind && sign {
				best, least = sum, gap
			}
		}
		if best != nil {
			code := currency(text[u[0]:u[1]])
			return number(text[best[2]:best[3]], thousands(text, best), coin(code)) + " " + code
		}
	}
	return ""
}

// thousands is how many zeros the word behind an amount stands for.
func thousands(text string, sum []int) int {
	for i := 4; i < len(sum); i += 2 {
		if sum[i] < 0 {
			continue
		}
		switch strings.ToLower(text[sum[i]:sum[i+1]]) {
		case "k", "тыс":
			return 3
		case "m", "mln", "млн":
			return 6
		}
	}
	return 0
}

// number writes an amount with a point before its fraction and nothing between thousands. A mark
// before three digits alone is one of thousands, but of coins, of which parts are sold.
func number(s string, zeros int, coin bool) string {
	s = strings.Map(func(r rune) rune {
		if r == '\'' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
	whole, fraction := s, ""
	if last := strings.LastIndexAny(s, ".,"); last >= 0 {
		mark, digits := s[last:last+1], strings.NewReplacer(".", "", ",", "")
		grouped := !coin && len(s)-last-1 == 3 && s[:last] != "0" && zeros == 0
		if whole = digits.Replace(s); !grouped && strings.Count(s, mark) == 1 {
			whole, fraction = digits.Replace(s[:last]), s[last+1:]
		}
	}
	for ; zeros > 0; zeros-- {
		next := "0"
		if fraction != "" {
			next, fraction = fraction[:1], fraction[1:]
		}
		whole += next
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return whole
}
