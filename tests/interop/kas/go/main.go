// SPDX-License-Identifier: Apache-2.0

// The Go SDK of OpenTDF against a gateway.
//
//	client URL encrypt ATTRIBUTE|- [rsa|ec]  < plain > sealed
//	client URL decrypt [PURPOSE] [rsa|ec]    < sealed > plain
//
// TOKEN is a bearer token, SSL_CERT_FILE vouches for the gateway. What goes wrong is one line on stderr, exit 1.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/opentdf/platform/lib/ocrypto"
	"github.com/opentdf/platform/sdk"
	"golang.org/x/oauth2"
)

func keyType(name string) ocrypto.KeyType {
	if name == "ec" {
		return ocrypto.EC256Key
	}
	return ocrypto.RSA2048Key
}

func argument(n int) string {
	if len(os.Args) > n {
		return os.Args[n]
	}
	return ""
}

func run() error {
	url := os.Args[1]
	in, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: os.Getenv("TOKEN"), TokenType: "Bearer"})
	client, err := sdk.New(url, sdk.WithOAuthAccessTokenSource(source))
	if err != nil {
		return err
	}
	defer client.Close()
	switch os.Args[2] {
	case "encrypt":
		var out bytes.Buffer
		options := []sdk.TDFOption{sdk.WithMimeType("text/plain")}
		if argument(3) != "-" {
			options = append(options, sdk.WithDataAttributes(argument(3)))
		}
		if name := argument(4); name != "" {
			options = append(options, sdk.WithAutoconfigure(false), sdk.WithWrappingKeyAlg(keyType(name)),
				sdk.WithKasInformation(sdk.KASInfo{URL: url + "/kas", Default: true}))
		}
		if _, err = client.CreateTDF(&out, bytes.NewReader(in), options...); err != nil {
			return err
		}
		_, err = os.Stdout.Write(out.Bytes())
		return err
	case "decrypt":
		options := []sdk.TDFReaderOption{}
		if purpose := argument(3); purpose != "" && purpose != "-" {
			options = append(options, sdk.WithTDFFulfillableObligationFQNs([]string{url + "/obl/purpose/value/" + purpose}))
		}
		if name := argument(4); name != "" {
			options = append(options, sdk.WithSessionKeyType(keyType(name)))
		}
		reader, err := client.LoadTDF(bytes.NewReader(in), options...)
		if err != nil {
			return err
		}
		_, err = io.Copy(os.Stdout, reader)
		if err == io.EOF {
			err = nil
		}
		return err
	}
	return fmt.Errorf("unknown: %s", os.Args[2])
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
