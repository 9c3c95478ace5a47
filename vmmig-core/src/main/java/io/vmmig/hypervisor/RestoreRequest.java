// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import org.jspecify.annotations.Nullable;

/**
 * What to restore, apart from the memory itself.
 *
 * @param domainXml the domain XML for this host, complete and already checked
 * @param cookie libvirt's cookie as it was saved, or null
 * @param persistent whether the host is to keep the definition beyond the guest's next stop
 */
public record RestoreRequest(String domainXml, @Nullable String cookie, boolean persistent) {}
