using System;

namespace Sosia.Devices.FwCfg;

/// <summary>One thing that firmware can read.</summary>
internal sealed class FwCfgItem
{
    private readonly Func<byte[]>? _make;

    /// <summary>An item that is always the same.</summary>
    public FwCfgItem(byte[] content) => Content = content;

    /// <summary>An item that depends on what firmware has done before it asks.</summary>
    public FwCfgItem(Func<byte[]> make)
    {
        _make = make;
        Content = make();
    }

    /// <summary>True when <see cref="Content"/> is made anew when the item is selected.</summary>
    public bool IsMade => _make is not null;

    /// <summary>What firmware reads.</summary>
    public byte[] Content { get; set; }

    /// <summary>The item was selected.</summary>
    public void Select()
    {
        // The directory has told its size: what is made must keep it.
        if (_make?.Invoke() is { } made && made.Length == Content.Length)
        {
            Content = made;
        }
    }
}
