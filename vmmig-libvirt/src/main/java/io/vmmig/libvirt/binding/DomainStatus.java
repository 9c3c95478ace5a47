// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

/**
 * What a domain is doing, and why.
 *
 * @param state what it is doing
 * @param reason libvirt's number of the reason, whose meaning depends on the state
 */
public record DomainStatus(DomainState state, int reason) {
    /** The reason of a domain that is {@link DomainState#PAUSED} because somebody has asked for it. */
    public static final int PAUSED_BY_USER = 1;
}
