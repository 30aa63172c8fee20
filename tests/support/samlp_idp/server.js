// An identity provider that nobody here wrote, Auth0's samlp, for the tests in a browser: says the port that it took.
// GET /people?alice=a,b sets somebody's groups; signing in asks for a name alone.
"use strict";

const fs = require("node:fs");
const express = require("express");
const samlp = require("samlp");

const [key, cert, acs] = process.argv.slice(2);
const people = {};
const app = express();

class Profile {
  constructor(user) { this.user = user; }
  getClaims() { return { groups: people[this.user.name] || [] }; }
  getNameIdentifier() {
    return { nameIdentifier: this.user.name, nameIdentifierFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" };
  }
}
Profile.prototype.metadata = [{ id: "groups", optional: true, displayName: "groups", description: "groups" }];

const known = {
  issuer: "https://samlp.example.com/metadata",
  key: fs.readFileSync(key),
  cert: fs.readFileSync(cert),
  profileMapper: (user) => new Profile(user),
};

function escaped(text) {
  return String(text || "").replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

const described = Object.assign((user) => new Profile(user), { prototype: Profile.prototype });
app.get("/metadata", samlp.metadata({
  ...known, profileMapper: described, redirectEndpointPath: "/sso", postEndpointPath: "/sso", logoutEndpointPaths: {},
}));
app.get("/people", (request, response) => {
  for (const [name, groups] of Object.entries(request.query)) { people[name] = groups ? groups.split(",") : []; }
  response.json(people);
});
app.get("/sso", (request, response, next) => {
  if (request.query.name) { return next(); }
  const hidden = ["SAMLRequest", "RelayState", "SigAlg", "Signature"].filter((name) => name in request.query)
    .map((name) => `<input type="hidden" name="${name}" value="${escaped(request.query[name])}">`).join("");
  return response.send(`<!doctype html><title>samlp</title><form><label>Name <input name="name"></label>${hidden}<button>Sign in</button></form>`);
}, samlp.auth({
  ...known,
  signatureAlgorithm: "rsa-sha256",
  digestAlgorithm: "sha256",
  lifetimeInSeconds: 300,
  recipient: acs,
  destination: acs,
  getPostURL: (audience, document, request, done) => done(null, acs),
  getUserFromRequest: (request) => ({ name: request.query.name }),
}));

const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
