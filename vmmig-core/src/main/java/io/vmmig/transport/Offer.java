// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.bundle.GuestRecord;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageReader;
import org.jspecify.annotations.Nullable;

/**
 * What the source tells the destination before it touches the guest.
 *
 * @param manifest the manifest that the package will begin with
 * @param domainXml the guest's live domain XML
 * @param cookie what will come beside the XML, if that is known already, or null; with it the destination can start its
 *     hypervisor before the guest stands still
 * @param definitionXml the XML that the guest's next start uses, or null if it has none but the live one
 * @param guest what is known of the guest outside of its XML, as it is at this moment
 */
public record Offer(
        Manifest manifest,
        String domainXml,
        @Nullable String cookie,
        @Nullable String definitionXml,
        GuestRecord guest) {
    /** An offer of a guest of which no more is known than its manifest says. */
    public Offer(Manifest manifest, String domainXml, @Nullable String cookie) {
        this(manifest, domainXml, cookie, null, GuestRecord.of(manifest));
    }

    /** As before, and it does not tell what will come beside the XML. */
    public Offer(Manifest manifest, String domainXml) {
        this(manifest, domainXml, null);
    }

    /** The offer that a package is which lies still. */
    public static Offer of(PackageReader.Head head) {
        return new Offer(head.manifest(), head.domainXml(), null, head.definitionXml(), head.guest());
    }
}
