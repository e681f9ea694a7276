namespace Sosia.Devices.Screen;

/// <summary>
/// A device with a picture. Whoever wants to see it has <see cref="Capture"/> called on the machine's thread, and then makes the picture on a thread
/// of its own. It costs the guest nothing while nobody looks.
/// </summary>
public interface IScreenSource
{
    /// <summary>Notes what is to be shown and which parts of it the guest has changed. On the machine's thread, while nobody calls <see cref="Render"/>.</summary>
    /// <returns>False when nothing has changed since the picture was rendered.</returns>
    bool Capture();

    /// <summary>Brings a picture up to what was captured; always the same picture.</summary>
    /// <param name="picture">Takes the size and the lines that have changed.</param>
    void Render(ScreenPicture picture);

    /// <summary>The characters that were captured; null when the mode has none.</summary>
    ScreenText? ReadText();
}
