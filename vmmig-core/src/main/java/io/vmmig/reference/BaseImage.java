// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.content.Digest;
import java.nio.file.Path;

/**
 * Content that an {@link ImageStore} holds, or knows where to find on this host.
 *
 * @param digest the SHA-256 of the file
 * @param path its absolute path; must not be written to
 * @param format its format; {@link ImageFormat#RAW} for kernels and ramdisks
 * @param bytes the size of the file, in bytes
 * @param inPlace whether the file is outside of the store, where its owner may change or remove it
 */
public record BaseImage(Digest digest, Path path, ImageFormat format, long bytes, boolean inPlace) {}
