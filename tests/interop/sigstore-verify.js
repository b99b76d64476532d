// SPDX-License-Identifier: Apache-2.0
// sigstore-verify.js BUNDLE PUBLIC_KEY: somebody else's verifier (npm's @sigstore/verify)
// judges one of our bundles, with our public key as the only thing that it trusts.
'use strict';
const fs = require('fs');
const { createPublicKey } = require('crypto');
const { bundleFromJSON } = require('@sigstore/bundle');
const { Verifier, toSignedEntity } = require('@sigstore/verify');

const [bundlePath, keyPath] = process.argv.slice(2);
const trust = {
	certificateAuthorities: [],
	timestampAuthorities: [],
	tlogs: [],
	ctlogs: [],
	publicKey: () => ({
		publicKey: createPublicKey(fs.readFileSync(keyPath)),
		validFor: () => true,
	}),
};
const none = { ctlogThreshold: 0, tlogThreshold: 0, tsaThreshold: 0, timestampThreshold: 0 };
try {
	const bundle = bundleFromJSON(JSON.parse(fs.readFileSync(bundlePath, 'utf8')));
	new Verifier(trust, none).verify(toSignedEntity(bundle));
	console.log('verified');
} catch (error) {
	console.log('refused: ' + error.message);
	process.exit(1);
}
