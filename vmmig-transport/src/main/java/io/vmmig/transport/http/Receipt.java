// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.Digest;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.Jws;
import io.vmmig.crypto.SignerKey;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a destination says, once and for all, of a package that its source waits for: a JSON Web Signature by its own key.
 *
 * @param packageId which package
 * @param index the digest of the index that it was fetched by, as the destination has it
 * @param verdict what became of it
 */
record Receipt(UUID packageId, Digest index, Verdict verdict) {
    /** What became of the package. */
    enum Verdict {
        /** The guest runs there, or has run. */
        TAKEN,
        /** The guest has never run there out of this package, and never will. */
        REFUSED
    }

    static final int MAX_BYTES = 4 << 10;
    private static final String TYPE = "vmmig-receipt+jws";
    private static final Pattern FORM =
            Pattern.compile("vmmig receipt 1\npackage ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\n"
                    + "index sha256:([0-9a-f]{64})\nverdict (taken|refused)\n");

    /** What its object is called. */
    static String name(UUID packageId) {
        return packageId + ".receipt";
    }

    /** As it lies at the server. */
    byte[] signedBy(HostIdentity self) {
        String text = "vmmig receipt 1\npackage " + packageId + "\nindex " + index + "\nverdict "
                + verdict.name().toLowerCase(Locale.ROOT) + "\n";
        return self.sign(TYPE, text.getBytes(StandardCharsets.US_ASCII)).getBytes(StandardCharsets.US_ASCII);
    }

    /** Reads one that is by that host; throws for anything else. */
    static Receipt verified(byte[] content, SignerKey by) throws VmmigException {
        byte[] payload = Jws.verify(new String(content, StandardCharsets.ISO_8859_1), TYPE, by, MAX_BYTES);
        Matcher form = FORM.matcher(new String(payload, StandardCharsets.ISO_8859_1));
        if (!form.matches()) {
            throw VmmigException.of(
                    Problem.PACKAGE_MALFORMED, "it is not a receipt as this vmmig knows them", "Use a newer vmmig.");
        }
        return new Receipt(
                UUID.fromString(form.group(1)),
                new Digest(form.group(2)),
                Verdict.valueOf(form.group(3).toUpperCase(Locale.ROOT)));
    }
}
