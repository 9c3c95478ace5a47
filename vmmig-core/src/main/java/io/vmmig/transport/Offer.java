// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.bundle.Manifest;
import org.jspecify.annotations.Nullable;

/**
 * What the source tells the destination before it touches the guest.
 *
 * @param manifest the manifest that the package will begin with
 * @param domainXml the guest's live domain XML
 * @param cookie what will come beside the XML, if that is known already, or null; with it the destination can start its
 *     hypervisor before the guest stands still
 */
public record Offer(Manifest manifest, String domainXml, @Nullable String cookie) {
    /** An offer that does not tell what will come beside the XML. */
    public Offer(Manifest manifest, String domainXml) {
        this(manifest, domainXml, null);
    }
}
