/** The window whose URL people copy: TensorBoard's, if this page is in a frame of it. */
export function hostWindow(): Window {
  try {
    return window.parent.location.href !== "" ? window.parent : window;
  } catch {
    return window; // another origin
  }
}
