// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.HostControl;
import io.vmmig.libvirt.binding.LibvirtError;

/**
 * What to do about a change that libvirt makes after its caller has stopped waiting. A libvirt call cannot be cancelled and may
 * succeed minutes after its deadline; so each change states beforehand what to do then.
 */
sealed interface Late {
    /** Undo or finish it. */
    record Then(String doing, Step step) implements Late {}

    /**
     * Leave it.
     *
     * @param because why it does no harm
     */
    record Stays(String because) implements Late {}

    /** The action. It is retried if libvirt cannot be reached, so it checks the current state first. */
    @FunctionalInterface
    interface Step {
        void run(HostControl host) throws LibvirtError, VmmigException;
    }
}
