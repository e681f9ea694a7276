namespace Sosia.Devices.Usb.Hid;

/// <summary>What makes one human interface device different from another one.</summary>
/// <param name="ProductId">The product's number.</param>
/// <param name="Product">Its name.</param>
/// <param name="ReportDescriptor">What its reports mean (HID 1.11, section 6.2.2).</param>
/// <param name="ReportByteCount">How many bytes a report has.</param>
/// <param name="PollMilliseconds">How often it wants to be asked.</param>
/// <param name="IsBootDevice">True for a keyboard that firmware understands without reading the descriptor.</param>
/// <param name="DefaultIdle">The idle rate after a reset, in units of 4 ms; 0 for no repetition.</param>
internal sealed record HidIdentity(ushort ProductId, string Product, byte[] ReportDescriptor, int ReportByteCount, byte PollMilliseconds, bool IsBootDevice, byte DefaultIdle);
