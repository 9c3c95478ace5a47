// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.bundle.GuestRecord;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageReader;
import org.jspecify.annotations.Nullable;

/**
 * What the source tells the destination before it changes anything about the guest.
 *
 * @param manifest the manifest with which the package will begin
 * @param domainXml the guest's live domain XML
 * @param cookie libvirt's cookie, if it is already known, or null; with it the destination can start its hypervisor before the guest is
 *     paused
 * @param definitionXml the XML for the guest's next start, or null if there is only the live one
 * @param guest what is currently known of the guest besides its XML
 */
public record Offer(
        Manifest manifest,
        String domainXml,
        @Nullable String cookie,
        @Nullable String definitionXml,
        GuestRecord guest) {
    /** An offer of a guest of which only the manifest and the live XML are known. */
    public Offer(Manifest manifest, String domainXml, @Nullable String cookie) {
        this(manifest, domainXml, cookie, null, GuestRecord.of(manifest));
    }

    /** As before, without a cookie. */
    public Offer(Manifest manifest, String domainXml) {
        this(manifest, domainXml, null);
    }

    /** The offer that corresponds to a stored package. */
    public static Offer of(PackageReader.Head head) {
        return new Offer(head.manifest(), head.domainXml(), null, head.definitionXml(), head.guest());
    }
}
