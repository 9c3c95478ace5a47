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
 * For whom a package that lies still is sealed, and by whom one is opened.
 *
 * @param decided whether it was said for whom, be it for nobody
 * @param recipients for whom; empty for one in the clear
 * @param self who opens packages; null if that was not said
 */
public record PackageSealing(boolean decided, Set<NodeKeys> recipients, @Nullable HostIdentity self) {
    /** Nobody has said anything yet. */
    public static final PackageSealing UNDECIDED = new PackageSealing(false, Set.of(), null);

    public PackageSealing {
        recipients = Set.copyOf(recipients);
    }

    /** The same, but for these hosts, of which there has to be one. */
    public PackageSealing sealedFor(NodeKeys... hosts) {
        if (hosts.length == 0 || hosts.length > AgeSealing.MAX_RECIPIENTS) {
            throw new IllegalArgumentException("to seal takes 1 to " + AgeSealing.MAX_RECIPIENTS + " hosts");
        }
        return new PackageSealing(true, Set.of(hosts), self);
    }

    /** The same, but in the clear. */
    public PackageSealing unsealed() {
        return new PackageSealing(true, Set.of(), self);
    }

    /** The same, but what was sealed for {@code identity} is opened. */
    public PackageSealing openedBy(HostIdentity identity) {
        return new PackageSealing(decided, recipients, identity);
    }

    /** Those of the recipients. */
    public Set<String> fingerprints() {
        return recipients.stream().map(keys -> keys.fingerprint().hex()).collect(Collectors.toSet());
    }

    /**
     * Refuses to go on as long as it was not said for whom.
     *
     * @param what the package, for people
     */
    public void requireDecided(String what) throws VmmigException {
        if (!decided) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "it was not said for whom the package " + what + " is to be sealed",
                    "Say so with sealedFor(…), or let it be in the clear with unsealed().");
        }
    }

    /** Seals what goes into {@code target}; null if it is to be in the clear. */
    public @Nullable SealingOutputStream begin(OutputStream target) throws IOException {
        return recipients.isEmpty()
                ? null
                : AgeSealing.seal(
                        target, recipients.stream().map(NodeKeys::sealing).toList());
    }

    /**
     * The package that lies there, sealed or not.
     *
     * @param content its bytes, which can be marked
     * @param what the package, for people
     */
    public InputStream opened(InputStream content, String what) throws IOException, VmmigException {
        if (!AgeSealing.begins(content)) {
            if (AgeSealing.beginsDamaged(content)) {
                throw new PackageFormatException(
                        Problem.SEAL_MALFORMED,
                        "the package " + what + " is sealed, and its first line is damaged",
                        "Fetch it again, or make it afresh at the source.");
            }
            return content;
        }
        if (self == null) {
            throw new IntegrityException(
                    Problem.SEAL_NOT_FOR_US,
                    "the package " + what + " is sealed, and nobody has said who opens it",
                    "Say so with openedBy(…).");
        }
        return AgeSealing.open(content, self.sealingIdentities());
    }
}
