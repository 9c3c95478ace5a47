// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.SignerKey;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes, for a destination, the receipt that the source of a package waits for, if it waits for one.
 *
 * @param what the package's name, without secrets
 * @param self this host; null if it was not set
 * @param index the index of the package, as the server shows it
 */
record ReceiptWriter(RetryingHttpClient client, String what, @Nullable HostIdentity self, PartIndex index) {
    private @Nullable SignerKey awaited() {
        return index.ending() == null ? null : index.ending().receiptBy();
    }

    /**
     * Called before the package is restored.
     *
     * @throws IntegrityException with {@link Problem#SIGNED_FOR_OTHERS} if its source waits for another host's receipt
     */
    void requireOurs() throws IntegrityException {
        SignerKey by = awaited();
        if (by != null && (self == null || !by.equals(self.keys().signing()))) {
            throw new IntegrityException(
                    Problem.SIGNED_FOR_OTHERS,
                    "the source of " + what + " waits for the receipt of another host, or of this one by earlier keys",
                    "Set this host with openedBy(…); or pack the guest again, for the keys that it has now.");
        }
    }

    void requireAwaited() throws VmmigException {
        requireOurs();
        if (awaited() == null) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "the source of " + what + " waits for no receipt",
                    "There is nothing to do.");
        }
    }

    UUID packageId() throws PackageFormatException {
        try {
            return UUID.fromString(index.id());
        } catch (IllegalArgumentException e) {
            throw new PackageFormatException(
                    Problem.PACKAGE_MALFORMED,
                    "the index of " + what + " is not that of a package",
                    "Check the address.");
        }
    }

    /** The guest of the package runs here: tells its source, if that waits. */
    void taken() throws VmmigException {
        if (awaited() != null && self != null) {
            leave(client, Receipt.taken(packageId(), IndexHandOver.digestOf(index.toBytes())), self);
        }
    }

    /** The guest of the package will never run here: tells its source, if that waits. */
    void refused() throws VmmigException {
        if (awaited() != null && self != null) {
            leave(client, Receipt.refusal(packageId()), self);
        }
    }

    static void leave(RetryingHttpClient client, Receipt receipt, HostIdentity self) throws VmmigException {
        byte[] content = receipt.signedBy(self);
        client.put(Receipt.name(receipt.packageId()), content, content.length, false, new Delivery());
    }
}
