// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.error.VmmigException;
import io.vmmig.protection.Handling;
import io.vmmig.protection.PackageClaim;
import io.vmmig.protection.PackageSigner;
import io.vmmig.protection.PackageVerifier;
import java.util.List;

/**
 * Signs and verifies packages by their {@link Provenance}.
 *
 * <pre>{@code
 * Migrator.of(hypervisor).signedBy(PackageSignatures.of(identity))…
 * Receiver.of(hypervisor).accepting(PackageSignatures.by(SignaturePolicy.of(identity, AcceptedSigners.in(nodes))))…
 * }</pre>
 */
public final class PackageSignatures {
    private PackageSignatures() {}

    /** Signs as {@code self}. */
    public static PackageSigner of(HostIdentity self) {
        return claim -> sign(self, claim);
    }

    private static List<String> sign(HostIdentity self, PackageClaim claim) throws VmmigException {
        List<Fingerprint> recipients =
                claim.recipients().stream().sorted().map(Fingerprint::new).toList();
        List<String> changes = claim.changes().stream()
                .limit(ProvenanceLink.MAX_CHANGES)
                .map(PackageSignatures::shortened)
                .toList();
        return Provenance.parse(claim.earlier())
                .signedBy(self, claim.packageId(), claim.contents(), claim.from(), recipients, changes)
                .links();
    }

    private static String shortened(String change) {
        String plain = change.replaceAll("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]", " ");
        return plain.length() <= ProvenanceLink.MAX_CHANGE_LENGTH
                ? plain
                : plain.substring(0, ProvenanceLink.MAX_CHANGE_LENGTH - 1) + "…";
    }

    /** Accepts what {@code policy} accepts. */
    public static PackageVerifier by(SignaturePolicy policy) {
        return (packageId, contents, signatures) ->
                Provenance.parse(signatures).verify(packageId, contents, policy).stream()
                        .map(link ->
                                new Handling(link.signer().toString(), link.signed(), link.packageId(), link.changes()))
                        .toList();
    }
}
