package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/bluesky"
	"github.com/portent-cti/portent/internal/collect/command"
	"github.com/portent-cti/portent/internal/collect/cowrie"
	"github.com/portent-cti/portent/internal/collect/csv"
	"github.com/portent-cti/portent/internal/collect/cve"
	"github.com/portent-cti/portent/internal/collect/ddosia"
	"github.com/portent-cti/portent/internal/collect/discord"
	"github.com/portent-cti/portent/internal/collect/documents"
	"github.com/portent-cti/portent/internal/collect/epss"
	"github.com/portent-cti/portent/internal/collect/eset"
	"github.com/portent-cti/portent/internal/collect/forum"
	"github.com/portent-cti/portent/internal/collect/github"
	"github.com/portent-cti/portent/internal/collect/honeypots"
	"github.com/portent-cti/portent/internal/collect/irc"
	"github.com/portent-cti/portent/internal/collect/kafka"
	"github.com/portent-cti/portent/internal/collect/kev"
	"github.com/portent-cti/portent/internal/collect/leaksites"
	"github.com/portent-cti/portent/internal/collect/lemmy"
	"github.com/portent-cti/portent/internal/collect/list"
	"github.com/portent-cti/portent/internal/collect/logs"
	"github.com/portent-cti/portent/internal/collect/mail"
	"github.com/portent-cti/portent/internal/collect/mailbox"
	"github.com/portent-cti/portent/internal/collect/maltrail"
	"github.com/portent-cti/portent/internal/collect/mapped"
	"github.com/portent-cti/portent/internal/collect/mastodon"
	"github.com/portent-cti/portent/internal/collect/matrix"
	"github.com/portent-cti/portent/internal/collect/matrixchat"
	"github.com/portent-cti/portent/internal/collect/misp"
	"github.com/portent-cti/portent/internal/collect/nats"
	"github.com/portent-cti/portent/internal/collect/nntp"
	"github.com/portent-cti/portent/internal/collect/onion"
	"github.com/portent-cti/portent/internal/collect/osv"
	"github.com/portent-cti/portent/internal/collect/packs"
	"github.com/portent-cti/portent/internal/collect/paste"
	"github.com/portent-cti/portent/internal/collect/pipermail"
	"github.com/portent-cti/portent/internal/collect/push"
	"github.com/portent-cti/portent/internal/collect/ransomchat"
	"github.com/portent-cti/portent/internal/collect/reddit"
	"github.com/portent-cti/portent/internal/collect/report"
	"github.com/portent-cti/portent/internal/collect/rss"
	"github.com/portent-cti/portent/internal/collect/sitemap"
	"github.com/portent-cti/portent/internal/collect/sophos"
	"github.com/portent-cti/portent/internal/collect/stix"
	"github.com/portent-cti/portent/internal/collect/suricata"
	"github.com/portent-cti/portent/internal/collect/syslog"
	"github.com/portent-cti/portent/internal/collect/taxii"
	"github.com/portent-cti/portent/internal/collect/telegram"
	"github.com/portent-cti/portent/internal/collect/telegrambot"
	"github.com/portent-cti/portent/internal/collect/tweetfeed"
	"github.com/portent-cti/portent/internal/collect/web"
	"github.com/portent-cti/portent/internal/collect/x"
	"github.com/portent-cti/portent/internal/collect/xmpp"
	"github.com/portent-cti/portent/internal/collect/zeek"
	"github.com/portent-cti/portent/internal/intel"
)

// connectors is every type of source built in. A file is of the first type
// that recognises it, so the particular ones stand before the general.
func connectors() []collect.Connector {
	return []collect.Connector{
		tweetfeed.Connector,
		leaksites.Connector,
		ddosia.Connector,
		sophos.Connector,
		maltrail.Connector,
		eset.Connector,
		matrix.Connector,
		ransomchat.Connector,
		stix.Connector,
		misp.Connector,
		kev.Connector,
		cve.Connector,
		osv.Connector,
		honeypots.Connector,
		epss.Connector,
		mail.Connector,
		documents.Connector,
		csv.Connector,
		list.Connector,
		report.Connector,
		rss.Connector,
		onion.Connector,
		forum.Connector,
		mastodon.Connector,
		bluesky.Connector,
		taxii.Connector,
		mapped.Connector,
		command.Connector,
		lemmy.Connector,
		reddit.Connector,
		x.Connector,
		github.Connector,
		paste.Connector,
		irc.Connector,
		matrixchat.Connector,
		xmpp.Connector,
		telegram.Connector,
		telegrambot.Connector,
		cowrie.Connector,
		kafka.Connector,
		logs.Connector,
		nats.Connector,
		push.Of(documents.Connector),
		suricata.Connector,
		syslog.Connector,
		zeek.Connector,
		mailbox.Connector,
		pipermail.Connector,
		nntp.Connector,
		web.Connector,
		sitemap.Connector,
		discord.Connector,
		packs.Connector,
	}
}

// connector returns the connector of that name.
func connector(name string) (collect.Connector, bool) {
	for _, c := range connectors() {
		if c.Name == name {
			return c, true
		}
	}
	return collect.Connector{}, false
}

// unnamed is what sources are called that nobody named.
func unnamed() (all intel.Unnamed) {
	for _, c := range connectors() {
		if c.Unnamed != "" && !slices.Contains(all, c.Unnamed) {
			all = append(all, c.Unnamed)
		}
	}
	return all
}

type connectorsCmd struct {
	Name string `arg:"" optional:"" help:"Only this one."`
}

// Run implements the command.
func (c *connectorsCmd) Run(_ context.Context, a *app) error {
	found := false
	for _, con := range connectors() {
		if c.Name != "" && con.Name != c.Name {
			continue
		}
		found = true
		if a.cli.JSON {
			if err := a.print(map[string]any{"name": con.Name, "about": con.About, "files": con.Recognise != nil, "every_seconds": con.Every.Seconds(), "proven": con.Proven, "settings": settingsOf(con)}); err != nil {
				return err
			}
			continue
		}
		state := ""
		if con.Proven == "" {
			state = " (unproven)"
		}
		fmt.Fprintf(a.out, "%-12s %s%s\n", con.Name, con.About, state)
		if c.Name != "" {
			fmt.Fprintf(a.out, "  proven on    %s\n", cmp.Or(con.Proven, "nothing that others made: it was tried on what was written for it alone"))
			widest := 12
			for _, s := range settingsOf(con) {
				widest = max(widest, len(s.Name))
			}
			for _, s := range settingsOf(con) {
				fmt.Fprintf(a.out, "  %-*s %-10s %s\n", widest, s.Name, s.Kind, s.Help)
			}
			of := slices.DeleteFunc(entryKeys(), func(key string) bool { return key == "connector" || huntKeys(key) })
			fmt.Fprintf(a.out, "  Of each source too: %s (docs/sources.md).\n", strings.Join(of, ", "))
		}
	}
	if !found {
		return usageError{fmt.Errorf("no type %q; portent connectors lists them", c.Name)}
	}
	return nil
}
