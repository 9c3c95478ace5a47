// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import java.util.List;

/**
 * A domain adapted for the destination.
 *
 * @param domain the new XML
 * @param changes all changes, in the order of the XML
 */
public record AdaptedDomain(DomainXml domain, List<DomainChange> changes) {
    public AdaptedDomain {
        changes = List.copyOf(changes);
    }
}
