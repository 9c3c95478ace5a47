// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import org.jspecify.annotations.Nullable;

/**
 * What to restore, apart from the memory itself.
 *
 * @param domainXml the domain XML for this host, complete and already checked
 * @param cookie libvirt's cookie as it was saved, or null
 * @param definitionXml the XML for the guest's next start, likewise complete and checked; null when the host forgets the guest once it
 *     stops
 */
public record RestoreRequest(String domainXml, @Nullable String cookie, @Nullable String definitionXml) {
    /**
     * A guest whose definition, if any, is its live XML.
     *
     * @param persistent whether the host keeps {@code domainXml} beyond the guest's next stop
     */
    public RestoreRequest(String domainXml, @Nullable String cookie, boolean persistent) {
        this(domainXml, cookie, persistent ? domainXml : null);
    }

    /** Whether the host keeps a definition beyond the guest's next stop. */
    public boolean persistent() {
        return definitionXml != null;
    }
}
