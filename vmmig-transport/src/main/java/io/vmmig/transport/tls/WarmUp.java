// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the JVM compile the TLS cipher before the first guest is paused. Until then AES-GCM runs at a tenth of its speed, and
 * most of a small guest's downtime would be spent waiting for the compiler.
 */
final class WarmUp {
    private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);
    private static final int CALLS = 15_000;
    private static final int BYTES = 1024;
    private static final AtomicBoolean BEGUN = new AtomicBoolean();

    private WarmUp() {}

    /** Runs in the background, once per JVM; costs a fraction of a second of one core. */
    static void begin() {
        if (BEGUN.compareAndSet(false, true)) {
            Thread thread = new Thread(WarmUp::run, "vmmig-warm-up");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private static void run() {
        try {
            Cipher encrypt = Cipher.getInstance("AES/GCM/NoPadding");
            Cipher decrypt = Cipher.getInstance("AES/GCM/NoPadding");
            // This key protects nothing.
            SecretKeySpec key = new SecretKeySpec(new byte[32], "AES");
            ByteBuffer plain = ByteBuffer.allocate(BYTES);
            ByteBuffer sealed = ByteBuffer.allocate(BYTES + 16);
            for (int i = 0; i < CALLS; i++) {
                GCMParameterSpec nonce = new GCMParameterSpec(
                        128, ByteBuffer.allocate(12).putInt(i).array());
                encrypt.init(Cipher.ENCRYPT_MODE, key, nonce);
                encrypt.doFinal(plain.clear(), sealed.clear());
                decrypt.init(Cipher.DECRYPT_MODE, key, nonce);
                decrypt.doFinal(sealed.flip(), plain.clear());
            }
        } catch (GeneralSecurityException e) {
            LOG.debug("the cipher could not be warmed up", e);
        }
    }
}
