// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.bundle.Manifest;

/**
 * What the source tells the destination before it touches the guest.
 *
 * @param manifest the manifest that the package will begin with
 * @param domainXml the guest's live domain XML
 */
public record Offer(Manifest manifest, String domainXml) {}
