// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.stored;

import io.vmmig.crypto.AgeSealing;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeKeys;
import io.vmmig.crypto.SealingOutputStream;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * For whom a stored package is sealed, and who opens one.
 *
 * @param decided whether the recipients were set, even to none
 * @param recipients the hosts that it is sealed for; empty if it is not sealed
 * @param self the host that opens packages; null if it was not set
 */
public record PackageSealing(boolean decided, Set<NodeKeys> recipients, @Nullable HostIdentity self) {
    /** Nothing is set yet. */
    public static final PackageSealing UNDECIDED = new PackageSealing(false, Set.of(), null);

    public PackageSealing {
        recipients = Set.copyOf(recipients);
    }

    /** Sealed for these hosts, at least one. */
    public PackageSealing sealedFor(NodeKeys... hosts) {
        if (hosts.length == 0 || hosts.length > AgeSealing.MAX_RECIPIENTS) {
            throw new IllegalArgumentException("a package is sealed for 1 to " + AgeSealing.MAX_RECIPIENTS + " hosts");
        }
        return new PackageSealing(true, Set.of(hosts), self);
    }

    /** Not sealed. */
    public PackageSealing unsealed() {
        return new PackageSealing(true, Set.of(), self);
    }

    /** Opens packages that are sealed for {@code identity}. */
    public PackageSealing openedBy(HostIdentity identity) {
        return new PackageSealing(decided, recipients, identity);
    }

    /** The recipients' fingerprints. */
    public Set<String> fingerprints() {
        return recipients.stream().map(keys -> keys.fingerprint().hex()).collect(Collectors.toSet());
    }

    /**
     * Refuses if the recipients were not set.
     *
     * @param what the package's name, for messages
     */
    public void requireDecided(String what) throws VmmigException {
        if (!decided) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "the recipients of the package " + what + " were not set",
                    "Set them with sealedFor(…), or leave the package unsealed with unsealed().");
        }
    }

    /** Seals what is written to {@code target}; null if the package is not sealed. */
    public @Nullable SealingOutputStream begin(OutputStream target) throws IOException {
        return recipients.isEmpty()
                ? null
                : AgeSealing.seal(
                        target, recipients.stream().map(NodeKeys::sealing).toList());
    }

    /**
     * The unsealed content of a stored package, sealed or not.
     *
     * @param content its bytes; the stream supports {@code mark}
     * @param what the package's name, for messages
     */
    public InputStream opened(InputStream content, String what) throws IOException, VmmigException {
        if (!AgeSealing.begins(content)) {
            if (AgeSealing.beginsDamaged(content)) {
                throw new PackageFormatException(
                        Problem.SEAL_MALFORMED,
                        "the package " + what + " is sealed, and its first line is damaged",
                        "Fetch it again, or make it again at the source.");
            }
            return content;
        }
        if (self == null) {
            throw new IntegrityException(
                    Problem.SEAL_NOT_FOR_US,
                    "the package " + what + " is sealed, and the host that opens it was not set",
                    "Set it with openedBy(…).");
        }
        return AgeSealing.open(content, self.sealingIdentities());
    }
}
