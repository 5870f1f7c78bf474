package web_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser starts a headless one, or skips where none is installed.
func browser(t *testing.T) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome", "headless-shell"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("no chromium; under CI the pages must be looked at")
		}
		t.Skip("no chromium here; install it to have the pages looked at")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stopTab := chromedp.NewContext(allocator)
	t.Cleanup(stopTab)
	return ctx
}

// A tab is one page of the browser with what it complained of: breaches of
// the policy, failed requests and faults of scripts.
type tab struct {
	*testing.T
	ctx  context.Context //nolint:containedctx // chromedp keeps its browser in it
	mu   sync.Mutex
	said []string
}

func newTab(t *testing.T) *tab {
	b := &tab{T: t, ctx: browser(t)}
	if err := chromedp.Do(b.ctx); err != nil { // starts it, without a limit of time
		t.Fatal(err)
	}
	b.do(send(cdplog.Enable, cdp.Empty{}), send(runtime.Enable, cdp.Empty{}))
	err := chromedp.Listen(b.ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch event := event.(type) {
		case *cdplog.EventEntryAdded:
			b.said = append(b.said, event.Entry.Text)
		case *runtime.EventExceptionThrown:
			b.said = append(b.said, event.ExceptionDetails.Text)
		case *page.EventJavascriptDialogOpening:
			b.said = append(b.said, "dialog: "+event.Message)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// do runs steps or ends the test.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, stop := context.WithTimeout(b.ctx, 30*time.Second)
	defer stop()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatal(err, b.said)
	}
}

// send is one command of the protocol as a step.
func send[P, R any](c cdp.Command[P, R], p P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, p)
		return err
	})
}

// ask returns what an expression comes to in the page.
func ask[V any](b *tab, expression string) V {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[V](expression))
	if err != nil {
		b.Fatal(expression, err)
	}
	return v
}

// quiet fails if the browser complained of anything.
func (b *tab) quiet() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.said) > 0 {
		b.Errorf("the browser complains: %q", b.said)
	}
}

// Pictures go to the folder of PORTENT_SHOTS, if it is set, to be looked at.
func TestPagesFitEveryWidthInBothColours(t *testing.T) {
	b := newTab(t)
	server := httptest.NewServer(serve(fake{text: plain}))
	defer server.Close()
	shots := os.Getenv("PORTENT_SHOTS")
	for name, path := range map[string]string{"start": "/", "list": "/actors", "actor": "/actor/astro-locker?open=ioc-800",
		"country": "/country/DE?open=relation-RU-DE", "flaw": "/vulnerability/CVE-2099-10417", "product": "/product/acme/gateway", "indicator": "/indicator/ipv4/203.0.113.77", "aside": "/indicator/ipv4/192.0.2.53",
		"document": "/document/0123abc0", "search": "/search?q=astro+locker", "sources": "/sources", "scoreboard": "/scoreboard", "missing": "/actor/nobody"} {
		for _, colour := range []string{"light", "dark"} {
			b.do(send(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: colour}}})) //nolint:misspell // the name that CSS gives it
			for _, width := range []int64{320, 390, 768, 1280, 1440} {
				b.do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(server.URL+path))
				if spill := ask[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); spill > 0 {
					t.Errorf("%s at %d px scrolls sideways by %d", path, width, spill)
				}
				if shots != "" && (width == 390 || width == 1280) {
					b.picture(filepath.Join(shots, fmt.Sprintf("%s-%s-%d.png", name, colour, width)))
				}
			}
		}
	}
	b.said = slices.DeleteFunc(b.said, func(s string) bool { return strings.Contains(s, "status of 404") }) // the missing page
	b.quiet()
}

func (b *tab) picture(file string) {
	b.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		b.Fatal(err)
	}
}

// wide names the elements that stick out.
const wide = `[...document.querySelectorAll("main *")].filter(x => x.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !x.closest(".scroll, thead")).slice(0, 6).map(x => x.tagName + "." + (x.getAttribute("class") || "") + " in " + x.parentElement.tagName + "." + x.parentElement.className).join("; ")`

func TestHostilePagesRunNothing(t *testing.T) {
	b := newTab(t)
	server := httptest.NewServer(serve(fake{text: hostile}))
	defer server.Close()
	for _, path := range []string{"/", "/actor/astro-locker?open=ioc-800", "/country/DE?open=relation-RU-DE", "/vulnerability/CVE-2099-10417", "/indicator/ipv4/203.0.113.77", "/document/0123abc0", "/search?q=x", "/sources", "/scoreboard"} {
		for _, width := range []int64{390, 1280} {
			b.do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(server.URL+path), chromedp.WaitReady("main"))
			if spill := ask[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); spill > 0 {
				t.Errorf("%s at %d px scrolls sideways by %d: %s", path, width, spill, ask[string](b, wide))
			}
		}
	}
	b.quiet()
}

func TestANarrowScreenShowsAnUnknownDateBeforeWhatHappenedAndNumbersOfTheGrid(t *testing.T) {
	b := newTab(t)
	server := httptest.NewServer(serve(fake{text: plain}))
	defer server.Close()
	b.do(chromedp.EmulateViewport(390, 900), chromedp.Navigate(server.URL+"/actor/astro-locker"), chromedp.WaitReady("main"))
	const tops = `[...document.querySelectorAll("ol.events > li:last-child > *")].map(x => Math.round(x.getBoundingClientRect().top))`
	if y := ask[[]int](b, tops); len(y) != 3 || y[0] >= y[1] {
		t.Errorf("the dash, what happened and its source stand at %v", y)
	}
	if n := ask[int](b, `[...document.querySelectorAll("#activities .near")].filter(x => x.getBoundingClientRect().right <= innerWidth && x.getClientRects().length).length`); n == 0 {
		t.Error("no number of the grid is in sight where the chart begins at its newest end")
	}
}

func TestOpenerFetchesOnlyItsRow(t *testing.T) {
	b := newTab(t)
	server := httptest.NewServer(serve(fake{text: plain}))
	defer server.Close()
	const count = `document.querySelectorAll("#ev-ioc-801").length`
	b.do(chromedp.Navigate(server.URL+"/actor/astro-locker"), chromedp.WaitReady("main"), chromedp.Sleep(300*time.Millisecond))
	before := ask[int](b, count)
	b.do(chromedp.Click("#ioc-801 a.open"), chromedp.WaitVisible("#ev-ioc-801"))
	open, expanded, path := ask[int](b, count), ask[string](b, `document.querySelector("#ioc-801 a.open").getAttribute("aria-expanded")`), ask[string](b, `location.pathname + location.search`)
	b.do(chromedp.Click("#ioc-801 a.open"), chromedp.Sleep(200*time.Millisecond))
	closed := ask[int](b, count)
	if before != 0 || open != 1 || closed != 0 || expanded != "true" || path != "/actor/astro-locker" {
		t.Errorf("rows before %d, open %d, closed %d; expanded %s; at %s", before, open, closed, expanded, path)
	}
	b.do(chromedp.SetValue("#ioc-f", "203"), chromedp.Click("#ioc .filter button"), chromedp.Sleep(500*time.Millisecond))
	if got := ask[string](b, `location.search`); !strings.Contains(got, "ioc=203") || ask[int](b, `document.querySelectorAll("#ioc").length`) != 1 {
		t.Errorf("after filtering the address ends in %q", got)
	}
	b.quiet()
}

func TestAnAddressIsReadFromTheLeftAmidWordsThatAreNot(t *testing.T) {
	b := newTab(t)
	persian := strings.NewReplacer("beaconed to ", "به ", "Beacons went to\nhxxps://203[.]0[.]113[.]77/portal/admin/export.asp", "به 203[.]0[.]113[.]77 و")
	server := httptest.NewServer(serve(fake{text: persian.Replace}))
	defer server.Close()
	const order = `[...document.querySelectorAll("mark")].filter(m => m.textContent.includes("[.]")).map(m => {
		const left = i => { const r = document.createRange(); r.setStart(m.firstChild, i); r.setEnd(m.firstChild, i + 1); return r.getBoundingClientRect().left };
		return left(0) < left(m.firstChild.length - 1) })`
	for _, path := range []string{"/indicator/ipv4/203.0.113.77?evidence=all", "/document/0123abc0"} {
		b.do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(server.URL+path), chromedp.WaitReady("main"))
		if ahead := ask[[]bool](b, order); len(ahead) == 0 || slices.Contains(ahead, false) {
			t.Errorf("%s: whether the first digit of each address stands left of its last: %v", path, ahead)
		}
	}
}
