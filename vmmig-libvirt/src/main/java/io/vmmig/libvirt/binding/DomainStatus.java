// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

/**
 * The state of a domain, and its reason.
 *
 * @param state the state
 * @param reason libvirt's number of the reason, whose meaning depends on the state
 */
public record DomainStatus(DomainState state, int reason) {
    /** The reason of a domain that is {@link DomainState#PAUSED} on request. */
    public static final int PAUSED_BY_USER = 1;
}
