namespace Sosia.Control.Guests;

/// <summary>A file to copy out of unpacked packages.</summary>
/// <param name="From">Its path in the unpacked packages, where <c>*</c> matches within one name; exactly one file must match.</param>
/// <param name="To">Its name in the guest's image folder.</param>
public sealed record GuestFile(string From, string To);
