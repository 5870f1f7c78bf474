package onion

import (
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestPricesAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]string{
		"$1,200":                   "1200 USD",
		"US$ 1,200.50":             "1200.50 USD",
		"1.200,50 €":               "1200.50 EUR",
		"€ 1 200":                  "1200 EUR",
		"0.0125 BTC":               "0.0125 BTC",
		"0,005 btc":                "0.005 BTC",
		"BTC 0.5":                  "0.5 BTC",
		"from 15000 rub a month":   "15000 RUB",
		"1'000'000 USD":            "1000000 USD",
		"Version 4.9, 300 hosts":   "",
		"CVE-2026-12345":           "",
		"USDT 20 or so":            "20 USDT",
		"usdt":                     "",
		"3 XMRig miners":           "",
		"sold 17 times for 2 XMR.": "2 XMR",
		"Windows LPE 2024 $5,000":  "5000 USD",
		"$5k":                      "5000 USD",
		"10k$":                     "10000 USD",
		"$1.5M":                    "1500000 USD",
		"1,250 BTC":                "1.250 BTC",
		"0.050 BTC":                "0.050 BTC",
		"1.200 €":                  "1200 EUR",
		"12 000 000 руб.":          "12000000 RUB",
		"5 тыс. руб":               "5000 RUB",
		"A$300":                    "300 AUD",
		"HK$ 1,000":                "1000 HKD",
		"¥500":                     "500 CNY or JPY",
		"500 CNY":                  "500 CNY",
		"500元":                     "500 CNY",
		"5 USDC":                   "5 USDC",
		"5$ 10 accounts":           "5 USD",
		"2024  5,000$":             "5000 USD",
		"2023-2024":                "",
	} {
		if got := price(text); got != want {
			t.Errorf("price of %q is %q, want %q", text, got, want)
		}
	}
}

func TestDaysThatSayNothingOfTheirOrderAreUnknown(t *testing.T) {
	now := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2026-03-20T10:00:00Z": "2026-03-20", "2 March 2026": "2026-03-02", "Mar 2nd, 2026": "2026-03-02", "02.03.2026": "2026-03-02", "Posted 2026-03-02": "2026-03-02", "Updated: 12 Mar, 2026, 10:00 UTC": "2026-03-12", "2 Mar 2026 at noon": "2026-03-02",
		"2026-03-02 11:30 UTC": "2026-03-02", "02/03/2026": "", "yesterday": "", "2026-05-01": "", "1999-01-01": "", "": "", "2026-02-30": "",
	} {
		got := ""
		if at := day(text, now); !at.IsZero() {
			got = at.Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("day of %q is %q, want %q", text, got, want)
		}
	}
}

func TestLinksThatDoSomethingAreNotFollowed(t *testing.T) {
	for path, want := range map[string]bool{
		"/": true, "/post/acme.com": true, "/item/12": true, "/?page=2&order=asc": true, "/viewtopic.php?t=5": true, "/reports/2026": true, "/login-page-of-acme": false,
		"/logout": false, "/login.php": false, "/cart/add?id=1": false, "/ucp.php?mode=logout": false, "/vote/3": false, "/a.ZIP": false, "/photo.JPEG": false, "/x?logout=1": false,
		"/download/3": false, "/member.php?action=register": false, "/newreply.php?tid=3": false,
	} {
		u, err := url.Parse("http://host.invalid" + path)
		if err != nil {
			t.Fatal(err)
		}
		if got := readable(u); got != want {
			t.Errorf("%s is followed: %t, want %t", path, got, want)
		}
	}
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(`<table><tr><th>Product</th><th>Price</th></tr><tr><td><a href="/p">x</a></td><td>$1</td></tr><tr><td>y</td><td>2 BTC</td></tr></table>`), "text/html", "market")
	f.Add([]byte(`<div class=p><h2>ACME</h2><time datetime="2026-01-01">x</time> 3 GB</div><div class=p><h2>Other</h2>2 GB leaked</div>`), "text/html", "leaksite")
	f.Add([]byte(`{"a": 1}`), "application/json", "forum")
	f.Fuzz(func(t *testing.T, body []byte, kind, genre string) {
		if len(body) > 1<<14 || !intel.Genre(genre).Known() {
			return
		}
		const host = "http://ziqntzxcedluupt5gofpl4rgskiwl7xizh3m5t63tz53zrrexb3n44ad.onion"
		env := collect.Env{ID: "fuzz", Log: slog.New(slog.DiscardHandler), Reject: func(string, error) {}, Now: func() time.Time { return time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC) }}
		at := &site{Env: env, name: "fuzz", mirrors: []string{host}, genre: intel.Genre(genre), who: "Cold Lynx", depth: 3, pages: 10}
		seen, err := collect.NewPlace("", env.Now())
		if err != nil {
			t.Fatal(err)
		}
		v := &visit{source: &source{site: at, read: map[string]int{}}, seen: seen, known: map[string]bool{}, emit: func(d intel.Document, _ intel.Cursor) error {
			if d.ID == "" || d.Text == "" && len(d.Claims) == 0 {
				t.Errorf("an empty document: %+v", d)
			}
			for _, c := range d.Claims {
				if c.Subject.Name == "" || c.Object.Name == "" || c.Object != intel.NewEntity(c.Object.Kind, c.Object.Name) || c.Subject != intel.NewEntity(c.Subject.Kind, c.Subject.Name) {
					t.Errorf("a claim of nobody: %+v", c)
				}
			}
			return nil
		}}
		sheet, err := v.open(place{path: "/x", first: true}, fetch.Response{Body: body, Type: kind})
		if err != nil {
			return
		}
		if err := v.keep(sheet, &url.URL{Scheme: "http", Host: strings.TrimPrefix(host, "http://"), Path: "/x"}); err != nil {
			t.Error(err)
		}
		for _, p := range v.line {
			if !strings.HasPrefix(p.path, "/") {
				t.Errorf("it leads to %q", p.path)
			}
		}
	})
}
