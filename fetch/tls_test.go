package fetch

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestATLSAlertIsClassTLSAndTriedOnce has servers with which no connection comes about, each for another reason.
// rootsOf returns what a client of s trusts.
func rootsOf(s *httptest.Server) *x509.CertPool {
	return s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
}

func TestATLSAlertIsClassTLSAndTriedOnce(t *testing.T) {
	good := httptest.NewTLSServer(http.NotFoundHandler())
	defer good.Close()
	roots := x509.NewCertPool()
	roots.AddCert(good.Certificate())
	demand := tls.RequireAndVerifyClientCert
	for name, config := range map[string]*tls.Config{
		"a client certificate over TLS 1.3": {ClientAuth: demand},
		"a client certificate over TLS 1.2": {ClientAuth: demand, MaxVersion: tls.VersionTLS12},
		"a client certificate over HTTP/2":  {ClientAuth: demand, NextProtos: []string{"h2", "http/1.1"}},
		"any client certificate":            {ClientAuth: tls.RequireAnyClientCert},
		"an old version":                    {MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
		"no common cipher": {MaxVersion: tls.VersionTLS12,
			CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}},
		"no certificate for the name": {GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config,
			error) {
			return nil, errors.New("no")
		}},
		"no common protocol of an application": {NextProtos: []string{"x"}},
	} {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.EnableHTTP2 = len(config.NextProtos) > 1
		s.TLS = config
		s.StartTLS()
		if !s.EnableHTTP2 {
			s.TLS.NextProtos = config.NextProtos
		}
		checkTLSFault(t, name, s.URL, &tls.Config{RootCAs: roots})
		s.Close()
	}
	for name, answer := range map[string]string{
		"an alert":                   "\x15\x03\x03\x00\x02\x02\x28", // handshake_failure
		"an alert of an old version": "\x15\x03\x01\x00\x02\x02\x46", // protocol_version
		"a page":                     "HTTP/1.1 400 Bad Request\r\n\r\n",
		"an old version's hello": "\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01" + strings.Repeat("x", 32) +
			"\x00\x00\x2f\x00",
	} {
		addr := answerAll(t, answer)
		checkTLSFault(t, name, "https://"+addr, &tls.Config{RootCAs: roots})
	}
}

// checkTLSFault wants class tls at the first try. A server that closes a connection of TLS 1.3 while the client is
// writing may reset it, and the system then throws the alert away: what ends otherwise is asked for anew.
func checkTLSFault(t *testing.T, name, url string, config *tls.Config) {
	t.Helper()
	c := newClient(t, Options{})
	c.web.transport.TLSClientConfig = config
	var err error
	for range 10 {
		_, err = c.Fetch(t.Context(), at(url+"/"), nil)
		var e *Error
		if errors.As(err, &e) && e.Kind == ClassTLS && e.Attempts == 1 && !strings.Contains(err.Error(), "readLoop") {
			return
		}
	}
	t.Errorf("%s: got %v (%s), want class tls after 1 attempt", name, err, classOf(err))
}

// answerAll starts a server that reads something from each connection, sends answer, and closes it. It returns its
// address.
func answerAll(t *testing.T, answer string) string {
	t.Helper()
	return serveRaw(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, answer)
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
	})
}

// TestATLSFaultInABodyIsABrokenConnection has a server that sends nonsense after a good beginning.
func TestATLSFaultInABodyIsABrokenConnection(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.(http.Flusher).Flush()
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		raw := conn.(*tls.Conn).NetConn()
		_, _ = io.WriteString(raw, "\x17\x03\x03\x00\x20"+strings.Repeat("x", 32))
		_, _ = io.Copy(io.Discard, raw)
	}))
	s.StartTLS()
	defer s.Close()
	c := newClient(t, Options{Retries: 1})
	c.web.transport.TLSClientConfig = &tls.Config{RootCAs: rootsOf(s)}
	_, err := c.Fetch(t.Context(), at(s.URL), nil)
	var e *Error
	if !errors.As(err, &e) || e.Kind != ClassNetwork || e.Attempts != 2 {
		t.Errorf("got %v (%s), want class network after 2 attempts", err, classOf(err))
	}
}

// TestATLSAlertBeforeTheFirstRequestIsClassTLS has requests begin after the server's alert has ended their
// connection, as on a busy machine.
func TestATLSAlertBeforeTheFirstRequestIsClassTLS(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.EnableHTTP2 = http2
		s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
		s.StartTLS()
		c := newClient(t, Options{})
		roots := x509.NewCertPool()
		roots.AddCert(s.Certificate())
		c.web.transport.TLSClientConfig = &tls.Config{RootCAs: roots}
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
			for got.Conn.SetReadDeadline(time.Time{}) == nil {
				runtime.Gosched()
			}
		}})
		var err error
		found := false
		for range 10 { // the system may throw the alert away with a reset
			_, err = c.Fetch(ctx, at(s.URL+"/"), nil)
			var e *Error
			found = errors.As(err, &e) && e.Kind == ClassTLS && e.Attempts == 1 &&
				strings.HasSuffix(err.Error(), "the server ended the handshake: tls: certificate required")
			if found {
				break
			}
		}
		if !found {
			t.Errorf("%s: got %v (%s), want class tls after 1 attempt", name, err, classOf(err))
		}
		s.Close()
	}
}
