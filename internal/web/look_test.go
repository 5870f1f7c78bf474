package web_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

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
	ctx, stopTime := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(stopTime)
	return ctx
}

// listen collects what the browser complains of: breaches of the policy,
// failed requests and faults of scripts.
func listen(ctx context.Context) *[]string {
	var complaints []string
	chromedp.ListenTarget(ctx, func(event any) {
		switch event := event.(type) {
		case *cdplog.EventEntryAdded:
			complaints = append(complaints, event.Entry.Text)
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, event.ExceptionDetails.Error())
		case *page.EventJavascriptDialogOpening:
			complaints = append(complaints, "dialog: "+event.Message)
		}
	})
	return &complaints
}

// Pictures go to the folder of PORTENT_SHOTS, if it is set, to be looked at.
func TestPagesFitEveryWidthInBothColours(t *testing.T) {
	ctx := browser(t)
	complaints := listen(ctx)
	server := httptest.NewServer(serve(fake{text: plain}))
	defer server.Close()
	if err := chromedp.Run(ctx, cdplog.Enable(), runtime.Enable()); err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{"start": "/", "list": "/actors", "actor": "/actor/astro-locker?open=ioc-800", "indicator": "/indicator/ipv4/203.0.113.77", "aside": "/indicator/ipv4/192.0.2.53",
		"document": "/document/0123abc0", "search": "/search?q=astro+locker", "sources": "/sources"}
	for name, path := range shown {
		for _, width := range []int64{320, 390, 768, 1280, 1440} {
			for _, colour := range []string{"light", "dark"} {
				var spill int
				var picture []byte
				tasks := chromedp.Tasks{
					emulation.SetDeviceMetricsOverride(width, 900, 1, false),
					emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: colour}}),
					chromedp.Navigate(server.URL + path),
					chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &spill),
				}
				shots := os.Getenv("PORTENT_SHOTS")
				if shots != "" && (width == 390 || width == 1280) {
					tasks = append(tasks, chromedp.FullScreenshot(&picture, 100))
				}
				if err := chromedp.Run(ctx, tasks); err != nil {
					t.Fatalf("%s at %d: %v", name, width, err)
				}
				if spill > 0 {
					t.Errorf("%s at %d px scrolls sideways by %d", path, width, spill)
				}
				if picture != nil {
					file := filepath.Join(shots, fmt.Sprintf("%s-%s-%d.png", name, colour, width))
					if err := os.WriteFile(file, picture, 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	if len(*complaints) > 0 {
		t.Errorf("the browser complains: %q", *complaints)
	}
}

func TestHostilePagesRunNothing(t *testing.T) {
	ctx := browser(t)
	complaints := listen(ctx)
	server := httptest.NewServer(serve(fake{text: hostile}))
	defer server.Close()
	if err := chromedp.Run(ctx, cdplog.Enable(), runtime.Enable()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/actor/astro-locker?open=ioc-800", "/indicator/ipv4/203.0.113.77", "/document/0123abc0", "/search?q=x", "/sources"} {
		if err := chromedp.Run(ctx, chromedp.Navigate(server.URL+path), chromedp.WaitReady("main")); err != nil {
			t.Fatal(err)
		}
	}
	if len(*complaints) > 0 {
		t.Errorf("the browser complains: %q", *complaints)
	}
}

func TestOpenerFetchesOnlyItsRow(t *testing.T) {
	ctx := browser(t)
	complaints := listen(ctx)
	server := httptest.NewServer(serve(fake{text: plain}))
	defer server.Close()
	var before, after, gone int
	var expanded, path string
	count := `document.querySelectorAll("#ev-ioc-801").length`
	err := chromedp.Run(ctx, cdplog.Enable(), runtime.Enable(), chromedp.Navigate(server.URL+"/actor/astro-locker"), chromedp.WaitReady("main"), chromedp.Sleep(300*time.Millisecond),
		chromedp.Evaluate(count, &before),
		chromedp.Click("#ioc-801 a.open", chromedp.ByQuery), chromedp.WaitVisible("#ev-ioc-801", chromedp.ByQuery),
		chromedp.Evaluate(count, &after), chromedp.Evaluate(`document.querySelector("#ioc-801 a.open").getAttribute("aria-expanded")`, &expanded),
		chromedp.Evaluate(`location.pathname + location.search`, &path),
		chromedp.Click("#ioc-801 a.open", chromedp.ByQuery), chromedp.Sleep(200*time.Millisecond), chromedp.Evaluate(count, &gone))
	if err != nil {
		t.Fatal(err, *complaints)
	}
	if before != 0 || after != 1 || gone != 0 || expanded != "true" || path != "/actor/astro-locker" {
		t.Errorf("rows before %d, open %d, closed %d; expanded %s; at %s", before, after, gone, expanded, path)
	}
	if len(*complaints) > 0 {
		t.Errorf("the browser complains: %q", *complaints)
	}
}
