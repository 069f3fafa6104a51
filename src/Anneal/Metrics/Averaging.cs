namespace Anneal;

/// <summary>How scores of classes become one, as scikit-learn.</summary>
public enum Averaging
{
    /// <summary>The score of class 1 of the classes 0 and 1.</summary>
    Binary,

    /// <summary>The score of all decisions counted together; for examples of one class each it is the accuracy.</summary>
    Micro,

    /// <summary>The mean over the classes that occur among labels or predictions.</summary>
    Macro,

    /// <summary>The mean over classes weighted by their number of examples.</summary>
    Weighted,
}
