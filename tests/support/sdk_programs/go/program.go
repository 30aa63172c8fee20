// A program of AWS's SDK for Go: for each line, a profile, it says in a line of JSON who that is to AWS.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func arn(profile string) (string, error) {
	// the default chain, with no credentials in memory of the time before
	loaded, err := config.LoadDefaultConfig(context.Background(), config.WithSharedConfigProfile(profile))
	if err != nil {
		return "", err
	}
	caller, err := sts.NewFromConfig(loaded).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return *caller.Arn, nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		answer := map[string]string{}
		who, err := arn(strings.TrimSpace(lines.Text()))
		if err != nil {
			answer["error"] = err.Error()
		} else {
			answer["arn"] = who
		}
		text, _ := json.Marshal(answer)
		fmt.Println(string(text))
	}
}
