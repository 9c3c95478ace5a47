// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.nio.charset.StandardCharsets;

/** One signing key's word that another one has taken its place. */
record Succession(SignerKey former, SignerKey next, String signature) {
    /** How often a host can renew its keys. */
    static final int MAX = 100;

    static Succession of(KeySet former, SignerKey next) {
        SignerKey key = former.publicKeys().signing();
        return new Succession(key, next, Base64Url.encode(former.signature(message(key, next))));
    }

    /** Reads what {@link #toString} writes, and believes none of it. */
    static Succession parse(String text) {
        String[] words = text.split(" ", -1);
        if (words.length != 3) {
            throw new IllegalArgumentException("a succession has three parts");
        }
        return new Succession(SignerKey.parse(words[0]), SignerKey.parse(words[1]), words[2]);
    }

    boolean isSigned() {
        return former.hasSigned(message(former, next), Base64Url.decode(signature, SignerKey.SIGNATURE_BYTES));
    }

    private static byte[] message(SignerKey former, SignerKey next) {
        return ("vmmig succession 1\n" + former + "\n" + next + "\n").getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public String toString() {
        return former + " " + next + " " + signature;
    }
}
