// SPDX-License-Identifier: Apache-2.0
/** Signing and verifying packages. */
@org.jspecify.annotations.NullMarked
package io.vmmig.protection;
